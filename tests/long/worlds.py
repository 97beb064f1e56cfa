"""simulation: five peers in one process, with all that can happen to them, from one seed."""

import random

from tests.long.suite import Field, Suite
from tests.simulation.world import World


def trial(field: Field, chance: random.Random, number: int) -> str:
    """Run one world: it says itself how to see it again."""
    world = World(chance.randrange(2**32))
    world.run()
    return f"seed {world.seed}, {world.events} events, {world.agenda.now_ms} ms"


SUITE = Suite("simulation", "peers, the network and all that ails them", 10_000, trial, False)
