"""Earned: what a provider has earned under one agreement, by its own measure. Pure.

It runs no more than the agreement's cap is for: that is what it may lose to a requester who gives
no receipts. A step that does not fit in what is left of the cap is not owed.

>>> earned = Earned({"core-second": 1_000}, price_cap=3_000)
>>> earned.add(Outcome.RAN, Usage(cores=2, wall_ms=1_500))
>>> earned.is_all
True
"""

from typing import Final

from engine.errors import Damaged
from peers.credits import MAX_CREDITS, Credits
from peers.price_list import Prices
from peers.prices import Outcome, Usage, charge

USED_UP: Final = "all that was agreed to be paid is used"  # said of steps that are given back


class Earned:
    """The count of one agreement."""

    def __init__(self, prices: Prices, price_cap: int, paid: int = 0) -> None:
        """Go on from what receipts say, when the program was started anew."""
        self.amount = paid  # micro-credits
        self.due = self.paid = paid  # of that, what is owed; what receipts are for
        self._prices = prices
        self._price_cap = price_cap

    @property
    def is_counted(self) -> bool:
        """Whether anything is paid at all."""
        return self._price_cap > 0

    @property
    def is_all(self) -> bool:
        """Whether nothing more can be earned: what costs nothing goes on."""
        return self._price_cap > 0 and self.amount >= self._price_cap

    def add(self, outcome: Outcome, usage: Usage) -> None:
        """Count a step."""
        if self._price_cap:
            worth = self._worth(outcome, usage)
            self.amount = min(MAX_CREDITS, self.amount + worth)
            if worth <= self._price_cap - self.due:
                self.due += worth

    def _worth(self, outcome: Outcome, usage: Usage) -> Credits:
        try:
            return charge(self._prices, outcome, usage)
        except Damaged:  # figures that cannot be, or prices: it is told all the same, and not owed
            return MAX_CREDITS

    @property
    def unpaid(self) -> int:
        """What is owed, and no receipt is for."""
        return max(0, self.due - self.paid)
