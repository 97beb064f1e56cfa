"""Whatever the network does, every step is kept once, and nobody honest is blamed."""

import pytest

from tests.simulation.handover import Handover, key, truth

SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_step_is_kept_once(seed: int) -> None:
    """With a fifth of all messages lost, others doubled, late and out of order."""
    handover = Handover(seed, steps=12)
    handover.run()
    assert handover.kept == {key(number): truth(key(number)) for number in range(12)}
    assert handover.blamed == []


def test_the_same_seed_gives_the_same_trace() -> None:
    """So that a failure can be looked at."""
    first, again = Handover(7, steps=12), Handover(7, steps=12)
    first.run()
    again.run()
    assert first.trace == again.trace


def test_nothing_runs_twice_where_nothing_is_lost() -> None:
    """Each step once."""
    handover = Handover(1, steps=10, loss=0)
    handover.run()
    assert handover.runs == 10
    assert handover.blamed == []
