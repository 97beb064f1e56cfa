"""Rates: at which rate each peer may send, and is sent to, by the agreements with it. Pure.

>>> rates, peer = Rates(), PeerId(bytes(32))
>>> rates.of(peer) == STRANGER
True
>>> rates.add(peer, Rate(1_000, 2**30))
>>> rates.of(peer)
Rate(messages=1000, size=1073741824)
"""

from peers.allowance import STRANGER, Rate
from peers.identity import PeerId


class Rates:
    """Those of all peers."""

    def __init__(self) -> None:
        self._agreed: dict[PeerId, list[Rate]] = {}  # of whom there is any agreement with

    def add(self, peer: PeerId, rate: Rate) -> None:
        """Let one more agreement count."""
        self._agreed.setdefault(peer, []).append(rate)

    def drop(self, peer: PeerId) -> None:
        """Let one fewer count."""
        agreed = self._agreed.get(peer, [])
        if len(agreed) > 1:
            agreed.pop()
        else:
            self._agreed.pop(peer, None)

    def count(self, peer: PeerId) -> int:
        """Return how many agreements with a peer count."""
        return len(self._agreed.get(peer, ()))

    def of(self, peer: PeerId) -> Rate:
        """Return the most that any agreement gives; without one, what a stranger has."""
        agreed = self._agreed.get(peer, [STRANGER])
        return Rate(max(one.messages for one in agreed), max(one.size for one in agreed))
