"""provider: a peer that runs steps for others, killed at each moment that it comes by."""

import random

from tests.long.suite import Field, Suite
from tests.peers import killings

MOMENTS = 20  # that it comes by, about; each with HITS of the times it does
HITS = 8


def trial(field: Field, chance: random.Random, number: int) -> str:
    """Kill a provider at one moment, at one of the times that this comes."""
    if not _COUNTS:
        place = field.place / "counted"
        place.mkdir()
        _COUNTS.update(killings.moments(place))
    moment = sorted(_COUNTS)[number % len(_COUNTS)]
    hit = chance.randrange(_COUNTS[moment]) + 1
    place = field.place / "killed"
    place.mkdir()
    was_killed = killings.trial(place, moment, hit)
    return f"{moment} ({hit})" if was_killed else f"{moment} did not come {hit} times"


_COUNTS: dict[str, int] = {}

SUITE = Suite("provider", "a peer that runs steps, killed", MOMENTS * HITS, trial, needs_home=False)
