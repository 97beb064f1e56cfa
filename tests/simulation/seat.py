"""Seat: a person's place in a consortium: the keys that it had one after the other, and its runs."""

from collections.abc import Callable
from random import Random

from tests.simulation.errand import Errand
from tests.simulation.member import Member
from tests.simulation.person import HOUR_MS, RIDES, Person

RETURNS_MS = HOUR_MS  # no key is given up before


class Seat:
    """One person."""

    def __init__(self, person: Person, random: Random, enrol: Callable[[Person], Member]) -> None:
        self.person = person
        self.members = [enrol(person)]
        self.errands: list[Errand] = []
        self.refusals = 0  # of runs: a part of them nobody would run
        self._random = random
        self._enrol = enrol

    @property
    def member(self) -> Member:
        """What it is now."""
        return self.members[-1]

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
