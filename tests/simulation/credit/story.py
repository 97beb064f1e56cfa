"""Story: what happens in one market, from one seed: deeds at random, and what must hold."""

import random
import sys
from contextlib import nullcontext

from tests.simulation.credit.deeds import DEEDS
from tests.simulation.credit.invariants import look
from tests.simulation.credit.market import Market
from tests.simulation.credit.outcome import end
from tests.simulation.hashed import hashed

RARE = ("copy", "restore", "jump", "crash", "stall", "cut", "part")
OFTEN = ("trade", "deliver_many", "cheat", "connect", "cheat", "doom", "swindle")
NAMES = (*RARE, *[name for name in DEEDS if name not in RARE] * 2, *OFTEN * 4)
REAL = 10  # one in so many has real signatures


def tell(seed: int, steps: int, *, is_told: bool = False) -> Market:
    """Have so many things happen.

    Raises: Broken.
    """
    chance = random.Random(seed)  # noqa: S311
    are_signed = seed % REAL == 0
    with nullcontext() if are_signed else hashed():
        market = Market(3 + seed % 4, are_signed=are_signed)
        for _ in range(steps):
            name = chance.choice(NAMES)
            numbers = chance.randrange(64), chance.randrange(64), chance.randrange(4096)
            if is_told:
                print(name, *numbers, file=sys.stderr)  # noqa: T201
            market.do(lambda name=name, numbers=numbers: DEEDS[name](market, *numbers))  # type: ignore[misc]
            look(market)
        end(market)
    return market
