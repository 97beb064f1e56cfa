"""Budget: what one run may cost, and what of it is promised to whom. Pure.

What is promised to an agreement is its cap, less what was spent under it. A cap is half of an even
share of what is left: the other half is for who is quick, and has used up its own before others.

>>> budget = Budget(Credits(1_000))
>>> cap = budget.cap(Credits(10), limit=Credits(400), among=2)
>>> budget.promise(AGREEMENT, cap)                                       # doctest: +SKIP
>>> budget.spent(AGREEMENT, Credits(70))                                 # doctest: +SKIP
>>> cap, budget.left                                                     # doctest: +SKIP
(250, 750)
"""

from engine.content.cid import Cid
from peers.credits import NOTHING, Credits, check, show


class Budget:
    """What one run has to spend. For one thread."""

    def __init__(self, most: Credits, for_authors: Credits = NOTHING) -> None:
        """Take what all of its work may cost together, and what authors may get on top."""
        self.most = check(most, "what a run costs at most")
        self._for_authors = for_authors
        self.paid = NOTHING
        self._promised: dict[Cid, Credits] = {}  # by agreement: what it may still cost

    @property
    def left(self) -> Credits:
        """What is neither spent nor promised."""
        return Credits(self.most - self.paid - self.promised)

    @property
    def promised(self) -> Credits:
        """What agreements may still cost."""
        return Credits(sum(self._promised.values()))

    def cap(self, least: Credits, limit: Credits, among: int) -> Credits | None:
        """Return how much the next agreement may cost; None when that is less than it needs.

        `least`: what one step costs; `limit`: what the provider lends us; `among`: how many
        providers there could be agreements with.
        """
        share = Credits(self.left // (2 * among))
        most = min(self.left, limit)
        needs = max(Credits(1), least)
        return min(most, max(needs, share)) if needs <= most else None

    def promise(self, agreement: Cid, cap: Credits) -> None:
        """Set aside what an agreement may cost: `cap` has said how much that can be."""
        if cap > self.left or agreement in self._promised:
            raise ValueError("it is more than is left, or promised already")
        if cap:
            self._promised[agreement] = cap

    def room(self, agreement: Cid) -> Credits:
        """Return what an agreement may still cost."""
        return self._promised.get(agreement, NOTHING)

    def spent(self, agreement: Cid, amount: Credits) -> None:
        """Count what is owed now under an agreement: at most its room."""
        check(amount)
        if amount > self.room(agreement):
            raise ValueError("an agreement costs no more than its cap")
        if amount:
            self._promised[agreement] = Credits(self._promised[agreement] - amount)
            self.paid = Credits(self.paid + amount)

    def ended(self, agreement: Cid) -> None:
        """Have back what an agreement did not cost: nothing more is owed under it."""
        self._promised.pop(agreement, None)

    def lack(self, least: Credits, *, is_guess: bool = False) -> tuple[str, str]:
        """Return why no step can be had that costs so much, and what to do.

        `is_guess`: how long such a step takes is not known, and a second was assumed.
        """
        if least > self.left:
            asked = f"the cheapest peer asks {show(least)} for a step"
            if is_guess:
                asked = "how long a step takes is not known, and one of a second may cost up to"
                asked += f" {show(least)} with the cheapest peer"
            left = f"{show(self.left)} of {show(self.most)} is left to spend{self._rest()}"
            return f"{asked}, and {left}", "'--max-cost C' raises it; or leave out --on"
        costs = "may cost" if is_guess else "costs"
        what = f"no peer that runs such a step lends this one the {show(least)} that it {costs}"
        return what, "run steps for them first, or ask their owners for a higher limit"

    def _rest(self) -> str:
        """Return where the rest of what a run may cost is."""
        if not self._for_authors:
            return ""
        whole = Credits(self.most + self._for_authors)
        return f": royalties take {show(self._for_authors)} of the {show(whole)} that it may cost"
