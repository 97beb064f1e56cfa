"""Seat: a person in a consortium: the keys that it had one after the other, and its runs."""

from collections.abc import Callable
from random import Random

from tests.simulation.consortium.errand import Errand
from tests.simulation.consortium.member import Member
from tests.simulation.consortium.person import HOUR_MS, RIDES, Person

RETURNS_MS = HOUR_MS  # no key is given up before


class Seat:
    """One person."""

    def __init__(self, person: Person, random: Random, enrol: Callable[[Person], Member]) -> None:
        self.person = person
        self.members = [enrol(person)]
        self.errands: list[Errand] = []
        self.refusals = 0  # of runs: a part of them nobody would run
        self.even_ms: int | None = None  # after so long it had got as much as it gave
        self._random = random
        self._enrol = enrol

    @property
    def member(self) -> Member:
        """What it is now."""
        return self.members[-1]

    def look(self) -> None:
        """See whether it has got as much as it gave, after it has given anything."""
        gave = sum(member.lender.worked_ms for member in self.members)
        got = sum(member.consumed_ms for member in self.members)
        if self.even_ms is None and gave >= HOUR_MS and got >= gave:
            self.even_ms = self.member.agenda.now_ms - self.member.born_ms

    def submit(self) -> None:
        """Have one more run."""
        takes_ms = self.person.takes_ms(self._random)
        self.errands.append(Errand(self, len(self.errands), takes_ms))

    def refused(self) -> None:
        """Hear that a run found nobody who would run all of it; a free-rider makes a new key."""
        self.refusals += 1
        member = self.member
        if self.person.kind == RIDES and member.agenda.now_ms - member.born_ms >= RETURNS_MS:
            self.members.append(self._enrol(self.person))
