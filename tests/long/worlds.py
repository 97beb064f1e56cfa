"""simulation: five peers in one process, with all that can happen to them, from one seed."""

import random
from pathlib import Path

from tests.long.suite import Field, Suite
from tests.simulation.edges import NodeWorld
from tests.simulation.many import folder
from tests.simulation.world import World

NODES = 4  # every fourth world is one of nodes


def trial(field: Field, chance: random.Random, number: int) -> str:
    """Run one world: it says itself how to see it again."""
    seed = chance.randrange(2**32)
    with folder() as place:
        world = NodeWorld(seed, Path(place)) if number % NODES == 0 else World(seed)
        world.run()
    return f"{type(world).__name__} {seed}, {world.events} events, {world.agenda.now_ms} ms"


SUITE = Suite("simulation", "peers, the network and all that ails them", 10_000, trial, False)
