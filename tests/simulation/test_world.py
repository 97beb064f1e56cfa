"""Whatever happens to five peers, what they promise holds."""

import pytest

from tests.simulation.world import World

SEEDS = 100
AT_A_TIME = 10


@pytest.mark.parametrize("first", range(0, SEEDS, AT_A_TIME))
def test_every_promise_holds(first: int) -> None:
    """Through crashes, partitions, a network that loses, doubles and swaps, and peers that lie."""
    for seed in range(first, first + AT_A_TIME):
        World(seed).run()


def test_the_same_seed_gives_the_same_trace() -> None:
    """For 20 seeds; so that a failure can be looked at."""
    for seed in range(20):
        first, again = World(seed), World(seed)
        first.run()
        again.run()
        assert first.trace == again.trace
        assert first.events > 200
