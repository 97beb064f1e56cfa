"""DealOwner: whom a deal tells what becomes of its steps (ticket.py). The protocol alone."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from engine.content.cid import Cid
from peers.credits import Credits
from peers.judge import Verdict

Deal = TypeVar("Deal", contravariant=True)  # of deal.py, which is above


class Owner(Protocol[Deal]):
    """Whose run it is."""

    def agreed(self, deal: Deal) -> None:
        """Hear that the provider takes steps, or is there again."""
        ...

    def left(self, deal: Deal) -> None:
        """Hear that the provider is not there; it may come back."""
        ...

    def closed(self, deal: Deal, why: str) -> None:
        """Hear that it takes none, or no more."""
        ...

    def kept(self, deal: Deal, verdicts: Sequence[Verdict]) -> None:
        """Hear that steps are done, durably."""
        ...

    def used_up(self, deal: Deal) -> None:
        """Hear that nothing more is done under an agreement: all that it is for was."""
        ...

    def paid(self, deal: Deal, amount: Credits) -> None:
        """Hear that so much more is owed for steps."""
        ...

    def settled(self, deal: Deal) -> None:
        """Hear that nothing more comes to be owed, after it was closed."""
        ...

    def given_back(self, deal: Deal, steps: Sequence[Cid], why: str) -> None:
        """Hear that some steps are not done here."""
        ...

    def blamed(self, deal: Deal, why: str) -> None:
        """Hear that the provider did what no honest one does."""
        ...
