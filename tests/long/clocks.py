"""clock: the time of day jumps, by a second or by ten years, again and again while commands run."""

import random

from tests.long.hurts import Hurts
from tests.long.life import Life
from tests.long.suite import Field, Suite

DEEDS = 6  # of one trial, each with a clock of its own


def trial(field: Field, chance: random.Random, number: int, deeds: int = DEEDS) -> str:
    """Do some deeds, all of which succeed, and look whether everything holds."""
    life = Life(field, chance, field.place / "life")
    done = []
    for _ in range(deeds):
        deed = life.any()
        ended = life.do(deed, Hurts(clock=chance.randrange(10**9)))
        assert ended.code == 0, f"N2: {ended}"
        done.append(deed.words[0])
        life.check()
    life.finish()
    return " ".join(done)


SUITE = Suite("clock", f"a clock that jumps, {DEEDS} commands in each trial", 50, trial)
