"""The random layered graph that we and a peer both build: which steps each step needs."""

import random
from collections.abc import Iterator

WIDTH = 200  # instances of a step: a workflow names at most some hundred steps
DEPTH = 20  # layers
NEEDS = 3  # of a step, each in the layer above, matched instance by instance


def needs(count: int) -> Iterator[tuple[int, list[int]]]:
    """Yield each step's number and those of the steps it needs; `count` instances in all."""
    draw = random.Random(1)
    across = max(1, count // WIDTH // DEPTH)
    for number in range(across * DEPTH):
        above = range((number // across - 1) * across, number // across * across)
        found = draw.sample(above, min(NEEDS, across)) if number >= across else []
        yield number, found
