"""OwnWord: which result this peer gave its word for, of each step: of one, never of two.

A step may be made to give another result each time; who gives its word for both is convicted
(twofold.py). So what comes out is entered before it is told, and what differs from what was told
before is given back. What is told of a step again, as it was, is entered already.

>>> with book.change() as change: give(results, refused, change)            # doctest: +SKIP
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

from engine.content.cid import Cid
from peers.agreement import Said
from peers.twofold import WITHIN_MS

DIFFERS: Final = "it gave another result before: the step is not deterministic"
SET_BACK: Final = "the clock of this peer was ahead, and what it said of steps may be forgotten"


def give(
    results: Sequence[tuple[Said, int]], refused: dict[Cid, str], change: sqlite3.Connection
) -> None:
    """Enter results that are to be told, and when their runs began.

    Which of them may not be told, and why, is put in `refused`.
    """
    refused.clear()  # it is tried again when the disk was full
    ((forgotten_ms,),) = change.execute("SELECT max(started_ms) FROM forgotten").fetchall()
    for said, started_ms in results:
        if why := _why_not(said, started_ms, forgotten_ms, change):
            refused[said.step] = why
            continue
        change.execute(  # the last run counts: it is remembered from then on
            "INSERT INTO word VALUES (?, ?, ?) ON CONFLICT (step)"
            " DO UPDATE SET started_ms = max(started_ms, excluded.started_ms)",
            (said.step.raw, said.result.raw, started_ms),
        )


def _why_not(
    said: Said, started_ms: int, forgotten_ms: int | None, change: sqlite3.Connection
) -> str:
    if forgotten_ms is not None and started_ms <= forgotten_ms + WITHIN_MS:
        return SET_BACK
    query = "SELECT 1 FROM word WHERE step = ? AND result <> ?"
    is_other = change.execute(query, (said.step.raw, said.result.raw)).fetchone() is not None
    return DIFFERS if is_other else ""


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
