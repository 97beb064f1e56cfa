"""Failures: steps that failed on peers; of those is paid what was seen twice alike. Pure.

A failure is a result, too, if it comes again: the same exit code, and the same was printed. Until
then it may be the machine's, and costs nothing.

>>> failures = Failures()
>>> failures.add(STEP, Failed(ONE, BATCH, line, mark))                   # doctest: +SKIP
[]
>>> failures.add(STEP, Failed(TWO, BATCH, line, mark))                   # doctest: +SKIP
[Failed(ONE, ...), Failed(TWO, ...)]
"""

from typing import NamedTuple, TypeAlias

from engine.content.cid import Cid
from peers.identity import PeerId
from peers.receipts import Line

Mark: TypeAlias = tuple[int, Cid | None, Cid | None]  # exit code, and what was printed


class Failed(NamedTuple):
    """One time that a step failed."""

    provider: PeerId
    agreement: Cid
    batch: Cid
    line: Line  # what is known of it, besides what it costs
    mark: Mark


class Failures:
    """Those of one run."""

    def __init__(self) -> None:
        self._seen: dict[Cid, list[Failed]] = {}  # by step; of those paid, the mark stays
        self._alike: set[tuple[Cid, Mark]] = set()  # seen twice

    def add(self, step: Cid, failed: Failed) -> list[Failed]:
        """Take a failure; return which are to be paid because of it, each once."""
        if (step, failed.mark) in self._alike:
            return [failed]
        seen = self._seen.setdefault(step, [])
        seen.append(failed)
        alike = [one for one in seen if one.mark == failed.mark]
        if len(alike) < 2:
            return []
        self._alike.add((step, failed.mark))
        self._seen[step] = [one for one in seen if one.mark != failed.mark]
        return alike
