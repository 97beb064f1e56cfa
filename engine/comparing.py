"""Comparing: has outputs compared by programs of their author, each as a step of its own.

The memo is neither asked nor told. What a comparator wrote and printed is kept, so that it can be
looked at; what is compared must be in the store.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, Literal

from engine import outcomes
from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.content.reader import read
from engine.crew import Crew
from engine.errors import Refused, StepFailed
from engine.opinion import MAX_OPINION, Asked, Opinion, no_opinion, read_opinion
from engine.progress import Printed, Watch
from engine.rows import Name
from engine.runner import CANCELLED, Order, Report
from engine.values import dataclass
from engine.workflow.comparators import VERDICT
from engine.workflow.model import Comparator

_AGAIN_S: Final = 0.1

Make = Callable[[Comparator, Cid, Cid], Order]  # Refused when it cannot be run as it is


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A comparison that was ended, by whoever asked or because another failed before it began."""

    asked: Asked
    by_request: bool


class Comparing:
    """Has comparators run in a crew. For one thread, but for `cancel`."""

    def __init__(self, store: BlockStore, crew: Crew, make: Make, watch: Watch) -> None:
        self._store = store
        self._crew = crew
        self._make = make
        self._watch = watch

    def ask(self, asked: Asked, done: Callable[["Future[Report]"], None]) -> Opinion | None:
        """Have two outputs compared; `done` is called from another thread, and does not wait.

        Return an opinion at once when that cannot be.

        Raises: Unavailable, Damaged when what it needs cannot be had.
        """
        try:
            order = self._make(asked.comparator, asked.was, asked.now)
        except Refused as error:
            return no_opinion(outcomes.words(error))
        self._store.put(order.blocks)
        self._crew.start(asked.called, order, partial(self._print, asked.name), done)
        return None

    def cancel(self, asked: Asked) -> None:
        """End a comparison; to be repeated until it has ended."""
        self._crew.cancel(asked.called)

    def heard(self, asked: Asked, future: "Future[Report]") -> Opinion | Cancelled:
        """Return what came of a comparison.

        Raises: Unavailable when it cannot be run here; Damaged when what it was given is wrong.
        """
        try:
            report = future.result()
        except CancelledError:
            return Cancelled(asked, by_request=False)
        except Refused as error:  # it makes what cannot be kept
            return no_opinion(outcomes.words(error))
        if report.attestation.reason == CANCELLED:
            return Cancelled(asked, by_request=True)
        self._store.put(report.blocks)
        step = report.result.step
        if not report.succeeded:
            return no_opinion(outcomes.why_failed(report), step)
        return self._read(report.result.outputs[VERDICT], step)

    def ask_all(self, asked: Sequence[Asked]) -> dict[Name, Opinion]:
        """Have many outputs compared, wait for it, and return the opinions by `called`.

        Raises: as `ask` and `heard`; StepFailed when it was cancelled.
        """
        ended: SimpleQueue[tuple[Asked, Future[Report]]] = SimpleQueue()
        found: dict[Name, Opinion] = {}
        waiting = list(asked)
        left = len(asked)
        while left:
            for one in waiting:
                if opinion := self.ask(one, partial(_post, ended, one)):
                    found[one.called], left = opinion, left - 1
            waiting = []
            try:
                one, future = ended.get(timeout=_AGAIN_S)
            except Empty:
                continue
            heard = self.heard(one, future)
            if isinstance(heard, Opinion):
                found[one.called], left = heard, left - 1
            elif heard.by_request:
                raise StepFailed("the comparison was cancelled", fix="run the command again")
            else:
                waiting = [one]
        return found

    def _read(self, cid: Cid, step: Cid) -> Opinion:
        try:
            data = b"".join(read(self._store.get, cid, length=MAX_OPINION + 1))
        except Refused:
            return no_opinion("what it wrote is not a file", step)
        if len(data) > MAX_OPINION:
            return no_opinion(f"what it wrote is over {MAX_OPINION} bytes", step)
        return read_opinion(data, step)

    def _print(self, name: Name, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        self._watch(Printed(*name, stream, data))


def _post(
    ended: "SimpleQueue[tuple[Asked, Future[Report]]]", asked: Asked, future: "Future[Report]"
) -> None:
    ended.put((asked, future))
