"""Recording: has what came of steps made durable, all together that ended since the last time.

A record of its own for each step would be a call of its own there and back, in a thread that has to
wait for the interpreter each time.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from sqlite3 import Connection
from threading import Lock
from typing import Generic, TypeVar

from engine.memo import Memo, Witness
from engine.recorder import FULL, Record, Recorder
from engine.runner import Report

Whose = TypeVar("Whose")  # what a step is known by


class Recording(Generic[Whose]):
    """What came of steps, on its way to the disk. For any thread."""

    def __init__(
        self,
        recorder: Recorder,
        memo: Memo,
        recorded: Callable[[Sequence[tuple[Whose, Report]], "Future[None]"], None],
    ) -> None:
        """Call `recorded`, in the recorder's thread, with what is durable, or why it is not."""
        self._recorder = recorder
        self._memo = memo
        self._recorded = recorded
        self._lock = Lock()
        self._ended: list[tuple[Whose, Report]] = []

    def add(self, whose: Whose, report: Report) -> None:
        """Make it durable soon."""
        with self._lock:
            self._ended.append((whose, report))
            count = len(self._ended)
        if count == 1:
            self._recorder.submit(self._all)
        elif count == FULL:
            self._recorder.hurry()

    def hurry(self) -> None:
        """Make it durable now: somebody waits for it."""
        self._recorder.hurry()

    def _all(self) -> Record:
        with self._lock:
            ended, self._ended = self._ended, []
        witnesses = [_witness(report) for _, report in ended if report.succeeded]
        blocks = tuple(block for _, report in ended for block in report.blocks)

        def change(database: Connection) -> None:
            self._memo.add(database, witnesses)

        def recorded(outcome: "Future[None]") -> None:
            self._recorded(ended, outcome)

        return Record(blocks, change, recorded)


def _witness(report: Report) -> Witness:
    said = (report.result.step, report.result_cid, report.attestation_cid)
    return Witness(*said, report.signed, report.signer)
