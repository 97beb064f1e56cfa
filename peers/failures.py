"""Failures: steps that failed on peers; of those is paid what was seen twice alike. Pure.

A failure is a result, too, if it comes again: the same exit code, and the same was printed. Until
then it may be the machine's, and costs nothing. Each provider is paid for one of a step, however
often it was asked to try.

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
        self._seen: dict[tuple[Cid, Mark], dict[PeerId, Failed]] = {}  # the last of each provider
        self._paid: set[tuple[Cid, PeerId]] = set()

    def add(self, step: Cid, failed: Failed) -> list[Failed]:
        """Take a failure; return which are to be paid because of it, one of each provider."""
        alike = self._seen.setdefault((step, failed.mark), {})
        is_first = not alike
        alike[failed.provider] = failed
        if is_first:
            return []
        owed = [one for one in alike.values() if (step, one.provider) not in self._paid]
        self._paid.update((step, one.provider) for one in owed)
        return owed
