"""Whatever happens to five peers, what they promise holds."""

from itertools import islice

from tests.simulation.many import broken
from tests.simulation.world import World

SEEDS = 500
SHOWN = 3


def test_every_promise_holds() -> None:
    """Through crashes, partitions, a network that loses, doubles and swaps, and peers that lie."""
    stories = list(islice(broken(range(SEEDS)), SHOWN))
    assert not stories, "\n\n".join(stories)


def test_the_same_seed_gives_the_same_trace() -> None:
    """For 20 seeds; so that a failure can be looked at."""
    for seed in range(20):
        first, again = World(seed), World(seed)
        first.run()
        again.run()
        assert first.trace == again.trace
        assert first.events > 200
