"""Shares: how the wants that a source takes are divided among the lanes to it. Pure.

All lanes together have MAX_CIDS. The first gets half of that, each other one half of what is left,
so that a fetch that is alone is fast and one that comes later begins at once.

>>> shares = Shares()
>>> [shares.take(lane) for lane in range(8)]
[512, 256, 128, 64, 32, 32, 0, 0]
>>> shares.give_back(1)
6
"""

from typing import Final

from peers.exchange import MAX_CIDS, MAX_LANES

LEAST: Final = 32  # wants of one lane: fewer are not worth a round trip


class Shares:
    """Those of one source."""

    def __init__(self) -> None:
        self._taken: dict[int, int] = {}  # by lane
        self._waiting: dict[int, None] = {}  # lanes that there is nothing left for

    def take(self, lane: int) -> int:
        """Return how many wants a lane may have; 0: it waits, see `give_back`."""
        left = MAX_CIDS - sum(self._taken.values())
        if left < LEAST or len(self._taken) == MAX_LANES:
            self._waiting[lane] = None
            return 0
        self._taken[lane] = max(left // 2, LEAST)
        return self._taken[lane]

    def give_back(self, lane: int) -> int | None:
        """Have what a lane had taken by others; return the lane that may begin by that."""
        self._waiting.pop(lane, None)
        if self._taken.pop(lane, None) is None or not self._waiting:
            return None
        first = next(iter(self._waiting))
        del self._waiting[first]
        return first
