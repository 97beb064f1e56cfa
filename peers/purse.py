"""Purse: what one agreement costs so far, as far as steps go out under it. Pure.

Whether a provider may be given one more step: its cap covers what was paid, what the steps that it
has are expected to cost, and that one.

>>> purse = Purse({"core-second": 1_000}, Credits(2_500))
>>> purse.affords(Credits(1_000))
2
"""

from collections.abc import Hashable
from typing import Final

from peers.credits import NOTHING, Credits
from peers.price_list import Prices
from peers.prices import is_free

ANY: Final = 2**31  # steps: of what costs nothing there is no end


class Purse:
    """What is left under one agreement. For one thread."""

    def __init__(self, prices: Prices, cap: Credits) -> None:
        """Take what was agreed."""
        self.prices = prices
        self.is_free = is_free(prices)
        self._left = cap
        self._open: dict[Hashable, Credits] = {}  # step -> what it is expected to cost
        self._expected = NOTHING  # of all of those

    def affords(self, cost: Credits) -> int:
        """Return how many more steps that cost so much may be given."""
        if self.is_free:
            return ANY
        return max(NOTHING, self._left - self._expected) // max(1, cost)

    def take(self, step: Hashable, cost: Credits) -> None:
        """Count a step that is given."""
        self.drop(step)
        self._open[step] = cost
        self._expected = Credits(self._expected + cost)

    def drop(self, step: Hashable) -> None:
        """Count a step no more; what it cost in the end is paid."""
        self._expected = Credits(self._expected - self._open.pop(step, NOTHING))

    def close(self) -> None:
        """Give nothing more under it: its provider has counted what did not fit in, too."""
        self._left = NOTHING

    def pay(self, amount: Credits) -> None:
        """Count what is owed."""
        self._left = Credits(self._left - amount)
