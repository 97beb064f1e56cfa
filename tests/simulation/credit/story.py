"""Story: what happens in one market, from one seed: deeds at random, and what must hold."""

import random
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial

from tests.simulation.credit.deeds import DEEDS
from tests.simulation.credit.invariants import STEADY, Invariant, look
from tests.simulation.credit.market import Market
from tests.simulation.credit.outcome import FINAL, end
from tests.simulation.hashed import hashed

RARE = ("copy", "restore", "jump", "crash", "stall", "cut", "part")
OFTEN = ("trade", "deliver_many", "cheat", "connect", "cheat", "doom", "swindle")
NAMES = (*RARE, *[name for name in DEEDS if name not in RARE] * 2, *OFTEN * 4)
REAL = 10  # one in so many has real signatures


def tell(
    seed: int,
    steps: int,
    *,
    steady: Sequence[Invariant] = STEADY,
    final: Sequence[Invariant] = FINAL,
) -> Market:
    """Have so many things happen.

    Raises: Broken.
    """
    chance = random.Random(seed)  # noqa: S311
    are_signed = seed % REAL == 0
    with nullcontext() if are_signed else hashed():
        market = Market(3 + seed % 4, are_signed=are_signed)
        for _ in range(steps):
            deed = DEEDS[chance.choice(NAMES)]
            numbers = chance.randrange(64), chance.randrange(64), chance.randrange(4096)
            market.do(partial(deed, market, *numbers))
            look(market, steady)
        end(market, steady, final)
    return market
