"""Consortium: people who trade with one another for some days.

What the market decides is the product's own code, with its ledgers, tellers, limits and proofs, and
keyed hashes for signatures. Machines, people, time and the network are made up.
"""

from random import Random
from unittest import mock

from peers import roster, ticket
from peers.identity import PeerId
from peers.limits import Policy
from tests.simulation.agenda import Agenda
from tests.simulation.consortium.bargain import Bargain
from tests.simulation.consortium.member import Member
from tests.simulation.consortium.person import CHEATS, DAY_MS, HOUR_MS, Person, people
from tests.simulation.consortium.rogue import TRICKS, Rogue
from tests.simulation.consortium.seat import Seat
from tests.simulation.consortium.till import Wires
from tests.simulation.hashed import hashed

DAYS = 7
DEFAULT = Policy(1_000_000, 50, 100_000_000, strangers=100_000_000)  # as cli/setting_kinds.py
RECRUIT_MS = 180_000  # between two looks of a run at who there is; in earnest four a second
GOSSIP_MS = HOUR_MS  # between two times that each tells some others what it knows of logs
GOSSIPS = 3
SAVES_MS, TRICK_MS = DAY_MS, 3 * DAY_MS  # when cheats copy their ledgers, and begin their tricks


class Consortium:
    """All of them, for some days."""

    def __init__(self, count: int, seed: int, policy: Policy = DEFAULT, days: int = DAYS) -> None:
        self.agenda = Agenda()
        self.days = days
        self.policy = policy
        self.members: dict[PeerId, Member] = {}
        self.seats: list[Seat] = []
        self._random = Random(seed)  # noqa: S311
        self._wires = Wires(lambda: self.agenda.now_ms)
        for person in people(count, self._random):
            self.agenda.after(
                person.joins_ms * days // DAYS, lambda person=person: self._join(person)
            )

    def run(self) -> None:
        """Let the time pass."""
        self._gossip()
        with (
            hashed(),
            mock.patch.object(roster, "Deal", Bargain),
            mock.patch.object(ticket, "RECRUIT_MS", RECRUIT_MS),
        ):
            self.agenda.run(self.days * DAY_MS)

    def _join(self, person: Person) -> None:
        seat = Seat(person, self._random, self._enrol)
        self.seats.append(seat)
        self._live(seat, self.agenda.now_ms // DAY_MS * DAY_MS)
        if person.kind == CHEATS:
            number = sum(one.person.kind == CHEATS for one in self.seats)
            self._plot(seat.member, TRICKS[(number - 1) % len(TRICKS)])

    def _enrol(self, person: Person) -> Member:
        number = len(self.members)
        kind = Rogue if person.kind == CHEATS else Member
        about = self.agenda, self._random, self._wires, self.members
        member = kind(person, number, self.policy, *about)
        self.members[member.peer] = member
        member.meet()
        return member

    def _live(self, seat: Seat, day_ms: int) -> None:
        """Have the runs of one day, and then of the next."""
        now_ms = self.agenda.now_ms
        for at_ms in seat.person.wants(day_ms, self._random):
            if at_ms >= now_ms:
                self.agenda.after(at_ms - now_ms, seat.submit)
        self.agenda.after(day_ms + DAY_MS - now_ms, lambda: self._live(seat, day_ms + DAY_MS))

    def _plot(self, rogue: Member, trick: str) -> None:
        """Have a cheat do what it does."""
        until_ms = self.days * DAY_MS
        begins_ms = TRICK_MS * until_ms // (DAYS * DAY_MS)

        def goes_on() -> None:
            rogue.goes_on()  # type: ignore[attr-defined]
            self.agenda.after(HOUR_MS, goes_on)

        self.agenda.after(begins_ms // 3, rogue.till.save)  # type: ignore[attr-defined]
        self.agenda.after(begins_ms, lambda: rogue.begin(trick))  # type: ignore[attr-defined]
        self.agenda.after(begins_ms, goes_on)

    def _gossip(self) -> None:
        """Have each tell some others what it knows of logs."""
        members = list(self.members.values())
        for member in members:
            for other in self._random.sample(members, min(GOSSIPS, len(members))):
                if other is not member:
                    member.till.tell(other.peer)
        self._wires.run()
        for seat in self.seats:
            seat.look()
            seat.member.renew()
        self.agenda.after(GOSSIP_MS, self._gossip)
