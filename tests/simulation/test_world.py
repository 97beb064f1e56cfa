"""Whatever happens to five peers, what they promise holds."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from tests.simulation.edges import NodeWorld
from tests.simulation.many import broken, node_story, story
from tests.simulation.world import World

SHOWN = 3


@pytest.mark.parametrize(("kind", "seeds"), [(story, 500), (node_story, 60)])
def test_every_promise_holds(kind: Callable[[int], str], seeds: int) -> None:
    """Through crashes, partitions, a network that loses, doubles and swaps, and peers that lie.

    In the second row the requester and the provider of a node take part, on a network like TCP.
    """
    stories = list(islice(broken(kind, range(seeds)), SHOWN))
    assert not stories, "\n\n".join(stories)


def test_the_same_seed_gives_the_same_trace() -> None:
    """For 20 seeds; so that a failure can be looked at."""
    for seed in range(20):
        first, again = World(seed), World(seed)
        first.run()
        again.run()
        assert first.trace == again.trace
        assert first.events > 200


def test_so_it_does_with_nodes(tmp_path: Path) -> None:
    """Whatever is in their books is made anew."""
    traces = set()
    for name in ("first", "again"):
        place = tmp_path / name
        place.mkdir()
        world = NodeWorld(1, place)
        world.run()
        traces.add(world.trace)
    assert len(traces) == 1


def test_two_that_give_a_step_back_do_not_keep_it_from_others(tmp_path: Path) -> None:
    """One withholds what came out and one denies it; whoever else is there is asked too."""
    NodeWorld(4028346408, tmp_path).run()
