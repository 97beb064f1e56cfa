"""Shunned: peers that did what no honest one does; nothing is asked of them for a while. Pure.

>>> shunned = Shunned()
>>> shunned.add(peer, now_ms=0)                                          # doctest: +SKIP
>>> shunned.has(peer, now_ms=1)                                          # doctest: +SKIP
True
"""

from typing import Final

from peers.identity import PeerId
from peers.placement import LONGEST_BAN_MS

MAX_SHUNNED: Final = 10_000  # the earliest are forgotten: names cost nothing


class Shunned:
    """Who is left alone. For one thread."""

    def __init__(self) -> None:
        self._until_ms: dict[PeerId, int] = {}

    def add(self, peer: PeerId, now_ms: int) -> None:
        """Leave a peer alone for an hour."""
        self._until_ms.pop(peer, None)
        self._until_ms[peer] = now_ms + LONGEST_BAN_MS
        if len(self._until_ms) > MAX_SHUNNED:
            del self._until_ms[next(iter(self._until_ms))]

    def has(self, peer: PeerId, now_ms: int) -> bool:
        """Return whether a peer is to be left alone."""
        return now_ms < self._until_ms.get(peer, 0)

    def all(self, now_ms: int) -> tuple[PeerId, ...]:
        """Return all of them."""
        return tuple(peer for peer, until_ms in self._until_ms.items() if now_ms < until_ms)
