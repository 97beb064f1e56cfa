"""Recorder: makes what many steps gave durable together, then says so.

One thread: it takes all that has piled up while it wrote the last time, puts the blocks, changes
the database in one transaction, and only then acknowledges. Under load a flush is thus shared by
as many steps as finish during one flush; alone, a step waits for its own.
"""

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

from engine.content.blocks import Block, BlockStore
from engine.database import Database
from engine.errors import TallyError

Change = Callable[[sqlite3.Connection], None]
Recorded = Callable[[TallyError | None], None]  # told None when durable, or why it is not


@dataclass(frozen=True, slots=True)
class Record:
    """Something to be made durable: content first, then what names it."""

    blocks: tuple[Block, ...]
    change: Change
    recorded: Recorded  # called from the recorder's thread; must not wait


class Recorder:
    """The one writer of a process. `submit` never waits."""

    def __init__(self, store: BlockStore, database: Database) -> None:
        self._store = store
        self._database = database
        self._queue: SimpleQueue[Record | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def submit(self, record: Record) -> None:
        """Make a record durable soon; its `recorded` is called exactly once."""
        self._queue.put(record)

    def close(self) -> None:
        """Make everything durable that was submitted, and stop."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        closing = False
        while not closing:
            batch = [self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get())
            closing = None in batch
            self._write([record for record in batch if record is not None])

    def _write(self, batch: list[Record]) -> None:
        error: TallyError | None = None
        try:
            if blocks := [block for record in batch for block in record.blocks]:
                self._store.put(blocks)
            if batch:
                with self._database.change() as change:
                    for record in batch:
                        record.change(change)
        except TallyError as caught:
            error = caught  # nothing of the batch counts; blocks that were put do no harm
        for record in batch:
            record.recorded(error)
