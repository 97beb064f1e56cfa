"""LedgerWriter: writes what a teller takes to the book, one batch after another.

What a full disk does not take is tried again later; until it is written, nothing of it is said.
"""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Final

from engine.recorder import Record, Recorder
from peers.ledger_book import LedgerBook
from peers.saying import Say
from peers.teller import Teller
from peers.wake import Wake
from peers.write_queue import Row

AGAIN_MS: Final = 1_000  # after a disk that was full


class LedgerWriter:
    """What of one ledger is to be written. For the node's thread."""

    def __init__(
        self,
        teller: Teller,
        book: LedgerBook,
        recorder: Recorder,
        wake: Wake,
        log: Say,
        written: Callable[[], None],
    ) -> None:
        """Call `written` when a batch is durable, and the teller was told."""
        self._teller = teller
        self._book = book
        self._recorder = recorder
        self._wake = wake
        self._log = log
        self._written = written
        self._rows: list[Row] = []  # to be written
        self._is_writing = False
        self._is_behind = False  # whether a write failed, and was not tried again
        self._now_ms = self._again_ms = 0

    def write(self, now_ms: int) -> None:
        """Write what is to be written, if nothing is being written."""
        self._now_ms = now_ms
        self._rows += self._teller.unsaved()
        if self._rows and not self._is_writing and now_ms >= self._again_ms:
            self._begin(self._rows)

    def close(self) -> None:
        """Write all, and keep the ledger as it is, so that it is there at once the next time."""
        self._recorder.flush()
        if self._is_behind:  # of a full disk: what was not written was not said either
            return
        rows, after = self._rows + self._teller.unsaved(), self._teller.ledger
        evidence = [block for row in rows for block in row.evidence]
        with self._book.change() as change:
            self._book.enter([row.written for row in rows], after, change, evidence=evidence)
            self._book.cache(after, change)

    def _begin(self, rows: list[Row]) -> None:
        self._is_writing, self._rows = True, []
        evidence = [block for row in rows for block in row.evidence]
        entries, after = [row.written for row in rows], self._teller.ledger

        def recorded(outcome: "Future[None]") -> None:
            self._is_behind = outcome.exception() is not None
            self._wake(partial(self._end, rows, outcome))

        enter = partial(self._book.enter, entries, after, evidence=evidence)
        self._recorder.submit(Record((), enter, recorded))
        self._recorder.hurry()

    def _end(self, rows: list[Row], outcome: "Future[None]") -> None:
        self._is_writing = False
        if (error := outcome.exception()) is not None:  # a full disk: nothing of it was said
            self._rows = rows + self._rows
            self._again_ms = self._now_ms + AGAIN_MS
            self._log("ledger not written", why=str(error))
            return
        self._teller.saved(len(rows))
        self._written()
