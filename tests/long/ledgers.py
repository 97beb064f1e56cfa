"""ledger: peers that trade, crash, restore and cheat: what must never happen to a ledger."""

import random

from tests.long.suite import Field, Suite
from tests.simulation.credit.machine import run

MARKETS = 100  # of one trial
STEPS = 100  # of each


def trial(field: Field, chance: random.Random, number: int) -> str:
    """Have some markets, of three to six peers each: Hypothesis makes what fails short."""
    seed = chance.randrange(2**32)
    run(examples=MARKETS, steps=STEPS, seed=seed)
    return f"{MARKETS} markets of {STEPS} steps, seed {seed}, no violation"


SUITE = Suite(
    "ledger", f"ledgers: {MARKETS} markets of {STEPS} steps in each trial", 200, trial, False
)
