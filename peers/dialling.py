"""Dialling: when a peer that did not answer is tried again, and where. Pure.

The wait doubles with each failure, up to LONGEST_MS, and is cut by up to half at random: else all
peers of one that restarts would come back at the same moment.
"""

from typing import Final, NamedTuple

from peers.identity import Address, PeerId
from peers.luck import Luck

FIRST_MS: Final = 5_000
LONGEST_MS: Final = 30 * 60 * 1000
STEADY_MS: Final = 60_000  # a session that lasted so long was no failure
_MOST: Final = 9  # failures that are counted: 5 s doubled so often is past LONGEST_MS


class _Tries(NamedTuple):
    failures: int
    due_ms: int  # monotonic


class Dialling:
    """How often each peer has failed to answer, and since when those that answered do."""

    def __init__(self) -> None:
        self._tries: dict[PeerId, _Tries] = {}
        self._since: dict[PeerId, int] = {}  # monotonic, of those with a session

    def failures(self, peer: PeerId) -> int:
        """Return how often in a row a peer was dialled in vain, or left at once."""
        tries = None if peer in self._since else self._tries.get(peer)
        return tries.failures if tries else 0

    def due(self, peer: PeerId, monotonic_ms: int) -> bool:
        """Return whether a peer may be dialled now."""
        if peer in self._since:
            return False
        tries = self._tries.get(peer)
        return tries is None or monotonic_ms >= tries.due_ms

    def dial(self, places: tuple[Address, ...], monotonic_ms: int, luck: Luck) -> Address:
        """Return which of a peer's addresses to dial; until it answers, this is a failure."""
        failures = self.failures(places[0].peer)
        self._fail(places[0].peer, failures, monotonic_ms, luck)
        return places[failures % len(places)]

    def up(self, peer: PeerId, monotonic_ms: int) -> None:
        """Note that a peer has answered, or come."""
        self._since.setdefault(peer, monotonic_ms)

    def down(self, peer: PeerId, monotonic_ms: int, luck: Luck) -> None:
        """Note that a session has ended; that a dial failed is known already."""
        began = self._since.pop(peer, None)
        if began is None:
            return
        steady = monotonic_ms - began >= STEADY_MS
        self._fail(peer, 0 if steady else self.failures(peer), monotonic_ms, luck)

    def forget(self, peer: PeerId) -> None:
        """Forget the failures of a peer that is not known any more."""
        self._tries.pop(peer, None)

    def _fail(self, peer: PeerId, before: int, monotonic_ms: int, luck: Luck) -> None:
        wait = min(FIRST_MS << before, LONGEST_MS)
        due = monotonic_ms + wait - luck.below(wait // 2)
        self._tries[peer] = _Tries(min(before + 1, _MOST), due)
