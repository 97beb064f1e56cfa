"""OwnWord: which result this peer gives its word for, of each step: of one, never of two.

A step may be made to give another result each time; who gives its word for both is convicted
(equivocation.py). So what comes out is held against what was told before, and what differs is given
back; what is told is entered with the batch that tells it. Until then, it is held here against
what else comes out. What is told of a step again, as it was, is entered already.

>>> word.take(said)                                                      # doctest: +SKIP
True
>>> word.objections([(said, started_ms)])                                # doctest: +SKIP
{}
>>> with book.change() as change: word.enter([(said, started_ms)], change)  # doctest: +SKIP
>>> word.drop(said)                                                      # doctest: +SKIP
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from engine.content.cid import Cid
from engine.sqlite import CHUNK
from peers.agreement import Said
from peers.book import Book
from peers.equivocation import WITHIN_MS

DIFFERS: Final = "it gave another result before: the step is not deterministic"
SET_BACK: Final = "the clock of this peer was ahead, and what it said of steps may be forgotten"


class OwnWord:
    """That of one peer. `take` and `drop` are for the node's thread, the rest is for any."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._taken: dict[Cid, list[Cid]] = {}  # by step: results to be told, one for each time

    def take(self, said: Said) -> bool:
        """Take a result that is to be told; False when another of its step is on its way."""
        taken = self._taken.setdefault(said.step, [])
        if said.result not in taken and taken:
            return False
        taken.append(said.result)
        return True

    def drop(self, said: Said) -> None:
        """Hold a result here no more: it is entered, or is not told."""
        self._taken[said.step].remove(said.result)
        if not self._taken[said.step]:
            del self._taken[said.step]

    def objections(self, results: Sequence[tuple[Said, int]]) -> dict[Cid, str]:
        """Return which of some results may not be told, by steps, and why; with each its start."""
        ((forgotten_ms,),) = self._book.rows("SELECT max(started_ms) FROM forgotten")
        before, found = self._before([said.step for said, _ in results]), dict[Cid, str]()
        for said, started_ms in results:
            if forgotten_ms is not None and started_ms <= forgotten_ms + WITHIN_MS:
                found[said.step] = SET_BACK
            elif before.get(said.step.raw, said.result.raw) != said.result.raw:
                found[said.step] = DIFFERS
        return found

    def _before(self, steps: Sequence[Cid]) -> dict[bytes, bytes]:
        """Return which results of some steps were told before."""
        found: dict[bytes, bytes] = {}
        for at in range(0, len(steps), CHUNK):
            raws = [step.raw for step in steps[at : at + CHUNK]]
            marks = ",".join("?" * len(raws))
            query = f"SELECT step, result FROM word WHERE step IN ({marks})"  # noqa: S608
            found |= dict(self._book.rows(query, raws))
        return found

    def enter(self, results: Iterable[tuple[Said, int]], change: sqlite3.Connection) -> None:
        """Enter results that are told, with the batch that tells them."""
        change.executemany(  # the last run counts: it is remembered from then on
            "INSERT INTO word VALUES (?, ?, ?) ON CONFLICT (step)"
            " DO UPDATE SET started_ms = max(started_ms, excluded.started_ms)",
            [(said.step.raw, said.result.raw, started_ms) for said, started_ms in results],
        )


def forget(before_ms: int, change: sqlite3.Connection) -> None:
    """Leave out the steps that were begun before; remember when the last of those was."""
    which = "FROM word WHERE started_ms < ?"
    query = f"SELECT max(started_ms) {which}"
    ((last_ms,),) = change.execute(query, (before_ms,)).fetchall()
    if last_ms is not None:
        change.execute(f"DELETE {which}", (before_ms,))
        change.execute(
            "INSERT INTO forgotten VALUES (1, ?) ON CONFLICT (one)"
            " DO UPDATE SET started_ms = max(started_ms, excluded.started_ms)",
            (last_ms,),
        )
