"""Recorder: makes what many steps gave durable together, then says so.

One thread: it takes all that has piled up, puts the blocks, changes the database in one
transaction, and only then acknowledges. While every slot is busy nobody waits for a result, and
it may wait a little for company; as soon as somebody does, `hurry` says so.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Final

from engine.content.blocks import Block, BlockStore
from engine.durable import reached
from engine.sqlite import Sqlite
from engine.values import dataclass

LINGER_S: Final = 0.05  # how long a record waits for company, while nobody waits for it
FULL: Final = 32  # records; more of them share a flush no cheaper

Change = Callable[[sqlite3.Connection], None]
Recorded = Callable[["Future[None]"], None]  # given a future that is done: raises why it is not


@dataclass(frozen=True, slots=True)
class Record:
    """Something to be made durable: content first, then what names it."""

    blocks: tuple[Block, ...]
    change: Change
    recorded: Recorded  # called from the recorder's thread; must not wait


Draft = Callable[[], Record]  # called from there too, when its turn has come


class Recorder:
    """The one writer of a process. `submit` never waits."""

    def __init__(self, store: BlockStore, database: Sqlite) -> None:
        self._store = store
        self._database = database
        self._queue: SimpleQueue[Record | Draft | None] = SimpleQueue()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def submit(self, record: Record | Draft) -> None:
        """Make a record durable soon; its `recorded` is called exactly once.

        In place of a record, what makes it of all that there is when its turn comes.
        """
        self._queue.put(record)
        if self._queue.qsize() >= FULL:
            self.hurry()

    def hurry(self) -> None:
        """Write now what was submitted: somebody has nothing to do before that is durable."""
        self._hurry.set()

    def flush(self) -> None:
        """Return when everything is durable, or has failed, that was submitted."""
        written = threading.Event()
        self.submit(Record((), lambda _: None, lambda _: written.set()))
        self.hurry()
        written.wait()

    def close(self) -> None:
        """Make everything durable that was submitted, and stop."""
        self._queue.put(None)
        self.hurry()
        self._thread.join()

    def _work(self) -> None:
        closing = False
        while not closing:
            batch = [self._queue.get()]
            self._hurry.wait(LINGER_S)
            self._hurry.clear()
            while not self._queue.empty():
                batch.append(self._queue.get())
            closing = None in batch
            found = (_drawn(one) for one in batch)
            self._write([record for record in found if record is not None])

    def _write(self, batch: list[Record]) -> None:
        outcome: Future[None] = Future()
        try:
            self._make_durable(batch)
            outcome.set_result(None)
        except BaseException as error:  # raised again in the thread that asks the future
            outcome.set_exception(error)
        for record in batch:
            with _going_on():
                record.recorded(outcome)

    def _make_durable(self, batch: list[Record]) -> None:
        if blocks := [block for record in batch for block in record.blocks]:
            self._store.put(blocks)
            reached("record.stored")
        if batch:
            with self._database.change() as change:
                for record in batch:
                    record.change(change)
                reached("record.entered")
            reached("record.durable")


def _drawn(one: Record | Draft | None) -> Record | None:
    if one is None or isinstance(one, Record):
        return one
    with _going_on():
        return one()
    return None


@contextmanager
def _going_on() -> Iterator[None]:
    """Have a mistake of who calls shown, as that of any thread; the others are still served."""
    try:
        yield
    except Exception as error:
        thread = threading.current_thread()
        raised = (type(error), error, error.__traceback__, thread)
        threading.excepthook(threading.ExceptHookArgs(raised))
