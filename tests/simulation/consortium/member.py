"""Member: one key of a person in a consortium: its ledger, what it lends, and the runs that it has.

Whom it asks, at which price, for how much, and whom it refuses, the product decides.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import NamedTuple

from engine.content.cid import Cid
from engine.runner import Signer
from peers.credit_line import CreditLine
from peers.identity import PeerId
from peers.limits import Policy
from peers.payments import Payments
from peers.peer_record import PEER, Notice, Price, read
from peers.recruiter import Directory
from peers.shunned import Shunned
from peers.signed import seal
from tests.peers.crowd import record
from tests.simulation.agenda import Agenda
from tests.simulation.consortium.lender import Lender
from tests.simulation.consortium.person import Person
from tests.simulation.consortium.till import Till, Wires
from tests.simulation.hashed import Hashed

FOUND_OUT = 0.2  # of wrong results
KNOWN = 32  # others whom one who joins comes to know, and they it; some know more


class Desk(NamedTuple):
    """In place of an Office."""

    member: "Member"
    signer: Signer
    payments: Payments

    def log(self, *_: object, **__: object) -> None:
        """Write nothing down."""


class Time(NamedTuple):
    """A Clock."""

    agenda: Agenda

    def now_ms(self) -> int:
        """Return the time."""
        return self.agenda.now_ms

    def monotonic_ms(self) -> int:
        """Return the time."""
        return self.agenda.now_ms


class Member:
    """One key."""

    def __init__(
        self,
        person: Person,
        number: int,
        policy: Policy,
        agenda: Agenda,
        random: Random,
        wires: Wires,
        others: Mapping[PeerId, "Member"],
    ) -> None:
        self.person = person
        self.number = number
        self.agenda = agenda
        self.clock = Time(agenda)
        self.others = others
        self.born_ms = agenda.now_ms
        self.known: list[Member] = []
        self.consumed_ms = 0  # of cores of others
        self.refused = 0  # offers
        self.takes_ms: dict[Cid, int] = {}  # its open steps
        self.agreed_ms: dict[PeerId, int] = {}  # when it last agreed to work for each
        self.worst: dict[PeerId, tuple[int, int]] = {}  # by peer: lent at most, and the limit then
        self.excess = 0  # what it ever lent a peer over its limit
        self.prices = {"core-second": person.price}
        self._random = random
        signer = Hashed(number + 1)
        self.peer = signer.peer
        self.till = self.make_till(signer, wires)
        self.credit = CreditLine(self.till, policy, _log)  # type: ignore[arg-type]
        self.payments = self.make_payments(policy)
        self.lender = Lender(self)
        self.shunned = Shunned()
        self.desk = Desk(self, signer, self.payments)
        self.notice = self._notice()
        self.directory = Directory(self._candidates, frozenset, self._get, self._credit)

    def meet(self) -> None:
        """Come to know some of those who are there; they know this one from then on."""
        lenders = [one for one in self.others.values() if one.person.cores and one is not self]
        for one in self._random.sample(lenders, min(KNOWN, len(lenders))):
            self.known.append(one)
            if self.person.cores:
                one.known.append(self)

    # what those do otherwise who cheat

    def make_till(self, signer: Hashed, wires: Wires) -> Till:
        """Return its ledger."""
        return Till(signer, self.number, wires)

    def make_payments(self, policy: Policy) -> Payments:
        """Return what pays."""
        return Payments(self.till, None, policy, _log)  # type: ignore[arg-type]

    def lies(self) -> bool:
        """Return whether a result is wrong."""
        return False

    def says_ms(self, wall_ms: int) -> int:
        """Return how long it says that a step ran."""
        return wall_ms

    def was_refused(self) -> None:
        """Hear that a run found nobody who would run all of it."""

    # what others ask

    def finds_out(self) -> bool:
        """Return whether it looks at a result, and sees that it is wrong."""
        return self._random.random() < FOUND_OUT

    def run_id(self) -> bytes:
        """Return what names a run."""
        return self._random.randbytes(16)

    def worked(self, peer: PeerId) -> None:
        """Note what it has lent a peer: work that this did not give back."""
        lent, limit = self.lent(peer), self.till.account(peer).mine.limit
        if lent > self.worst.get(peer, (0, 0))[0]:
            self.worst[peer] = lent, limit
        self.excess = max(self.excess, lent - limit)

    def lent(self, peer: PeerId) -> int:
        """Return what its work for a peer is worth, less what that gave back."""
        return self.lender.worked_for[peer] - self.till.account(peer).mine.debt

    def renew(self) -> None:
        """Say anew what it lends to strangers, if that has changed."""
        if self.notice.record.credit != self.credit.newcomer:
            self.notice = self._notice()

    def _notice(self) -> Notice:
        said = record(
            cores=self.person.cores,
            memory=2**40,
            prices=(Price("core-second", self.person.price),),
            credit=self.credit.newcomer,
        )
        return read(seal(PEER, said, self.desk.signer).data)

    def _candidates(self, *_: object) -> Sequence[Notice]:
        """Return who lends cores: those with free ones first."""
        found = list(self.known)
        found.sort(key=lambda one: (one.lender.free == 0, -one.lender.free, one.peer))
        return [one.notice for one in found]

    def _get(self, peer: PeerId) -> Notice | None:
        return self.others[peer].notice

    def _credit(self, notice: Notice) -> int:
        return self.payments.room(notice.signer, notice.record.credit)


def _log(*_: object, **__: object) -> None:
    """Write nothing down."""
