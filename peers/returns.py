"""Returns: which providers have given a step back, and when that makes it hopeless. Pure.

>>> returns = Returns()
>>> returns.count(step, provider, frozenset({provider}))                 # doctest: +SKIP
False
"""

from collections import Counter
from collections.abc import Set
from typing import Final

from engine.content.cid import Cid
from peers.identity import PeerId

MAX_RETURNS: Final = 5  # of one step, by providers that could not run it


class Returns:
    """Those of the open steps of one run. For one thread."""

    def __init__(self) -> None:
        self._returns: dict[Cid, Counter[PeerId]] = {}

    def count(self, step: Cid, provider: PeerId, able: Set[PeerId]) -> bool:
        """Count one; return whether all who could run the step have returned it, and often.

        Of a step that is hopeless nothing is remembered.
        """
        returns = self._returns.setdefault(step, Counter())
        returns[provider] += 1
        is_hopeless = returns.total() >= MAX_RETURNS and able <= returns.keys()
        if is_hopeless:
            self.forget(step)
        return is_hopeless

    def forget(self, step: Cid) -> None:
        """Forget a step that has ended."""
        self._returns.pop(step, None)

    def providers(self) -> frozenset[PeerId]:
        """Return who has given any of them back."""
        return frozenset(peer for returns in self._returns.values() for peer in returns)
