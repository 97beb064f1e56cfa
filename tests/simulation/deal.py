"""Deal: what a requester has with one provider: an offer, its assignment, what is to be asked."""

from dataclasses import dataclass, field

from engine.content.cid import Cid
from peers import offer_messages, step_messages
from peers.assignment import Assignment
from peers.identity import PeerId
from tests.simulation.network import Wire

OFFER = 0  # in place of the number of a lease


@dataclass
class Pending:
    """A batch that is looked at, and who waits for its answer."""

    number: int
    steps: set[Cid] = field(default_factory=set)
    askers: list[tuple[Wire, bytes]] = field(default_factory=list)


@dataclass
class Deal:
    """One offer and what came of it."""

    provider: PeerId
    offer: bytes
    agreement: Cid
    assignment: Assignment
    leases: dict[int, bytes] = field(default_factory=dict)  # not answered yet
    asking: set[int] = field(default_factory=set)
    is_answered: bool = False
    pending: dict[Cid, Pending] = field(default_factory=dict)
    batches: dict[Cid, Cid] = field(default_factory=dict)  # step -> the last that has it

    def next(self) -> tuple[int, int, bytes] | None:
        """Return what to ask next: its number, type and body. Leases go one after the other."""
        if self.asking:
            return None
        if not self.is_answered:
            self.asking.add(OFFER)
            return OFFER, offer_messages.OFFER_TYPE, self.offer
        for number, body in self.leases.items():
            self.asking.add(number)
            return number, step_messages.LEASE_TYPE, body
        return None

    def unanswered(self, number: int) -> None:
        """Have it asked again."""
        self.asking.discard(number)

    def answered(self, number: int) -> None:
        """Have it asked no more."""
        self.asking.discard(number)
        if number == OFFER:
            self.is_answered = True
        self.leases.pop(number, None)
