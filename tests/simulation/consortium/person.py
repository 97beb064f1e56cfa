"""Person: who takes part in a consortium: with what machine, what wishes, and how honestly.

Steps have one core. Prices follow a rule: who has a large machine asks less for it.
"""

from collections.abc import Mapping, Sequence
from math import exp
from random import Random
from typing import NamedTuple

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
PRICE = 1_000  # micro-credits for a core-second: the example of docs/cli.md
MEMORY = 2**30  # bytes of a step, which cost nothing here

PROVIDES, BOTH, CONSUMES, NEWCOMER, RIDES, CHEATS = (
    "mostly provides",
    "both",
    "mostly consumes",
    "newcomer",
    "free-rider",
    "cheat",
)
KINDS = (PROVIDES, BOTH, CONSUMES, NEWCOMER, RIDES, CHEATS)
HONEST = frozenset({PROVIDES, BOTH, CONSUMES, NEWCOMER})


class Rule(NamedTuple):
    """What people of a kind have and want."""

    cores: tuple[int, int]  # that they lend, from and to
    discount: int  # percent of PRICE that they ask less; less than 0: more
    runs: float  # a day
    steps: tuple[int, int]  # of a run


RULES: Mapping[str, Rule] = {
    PROVIDES: Rule((8, 16), 20, 0.3, (20, 50)),
    BOTH: Rule((2, 6), 0, 1.0, (20, 50)),
    CONSUMES: Rule((1, 2), -20, 2.0, (20, 50)),
    NEWCOMER: Rule((2, 6), 0, 1.0, (20, 50)),
    RIDES: Rule((0, 0), 0, 2.0, (20, 50)),
    CHEATS: Rule((2, 6), 10, 1.5, (20, 50)),
}
SHARES = ((RIDES, 0.10), (CHEATS, 0.05), (NEWCOMER, 0.05), (PROVIDES, 0.25), (CONSUMES, 0.20))
JOINS_MS = 2 * DAY_MS + 12 * HOUR_MS  # when newcomers come


class Person(NamedTuple):
    """One of them."""

    number: int
    kind: str
    cores: int
    price: int  # micro-credits for a core-second
    runs: float  # a day
    steps: tuple[int, int]
    peak_h: float  # of the day, when most is wanted
    slowness: float  # of the machine
    joins_ms: int

    @property
    def is_honest(self) -> bool:
        """Whether it keeps to what is agreed, and gives what it takes."""
        return self.kind in HONEST

    def wants(self, day_ms: int, random: Random) -> list[int]:
        """Return when on a day its runs begin, mostly around its hour."""
        count = int(self.runs) + (random.random() < self.runs % 1)
        hours = (random.gauss(self.peak_h, 3.0) % 24 for _ in range(count))
        return sorted(day_ms + int(hour * HOUR_MS) for hour in hours)

    def takes_ms(self, random: Random) -> list[int]:
        """Return how long each step of a run takes: about as long as the others."""
        usual_min = 2 + 12 * random.random() ** 1.5
        count = random.randint(*self.steps)
        return [int(usual_min * 60_000 * exp(random.gauss(0, 0.2))) for _ in range(count)]


def people(count: int, random: Random) -> Sequence[Person]:
    """Return so many people: a tenth are free-riders, a twentieth cheats, and at least one each."""
    kinds = [kind for kind, share in SHARES for _ in range(max(1, round(share * count)))]
    kinds += [BOTH] * (count - len(kinds))
    return [_person(number, kind, random) for number, kind in enumerate(kinds)]


def _person(number: int, kind: str, random: Random) -> Person:
    rule = RULES[kind]
    cores = random.randint(*rule.cores)
    asked = PRICE * (100 - rule.discount - cores + random.randint(-5, 5)) // 100
    return Person(
        number=number,
        kind=kind,
        cores=cores,
        price=asked,
        runs=rule.runs,
        steps=rule.steps,
        peak_h=random.gauss(15, 4) % 24,
        slowness=random.uniform(0.8, 1.2),
        joins_ms=JOINS_MS if kind == NEWCOMER else 0,
    )
