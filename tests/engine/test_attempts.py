"""What may start next, and which may be tried again."""

import pytest

from engine.admission import Capacity
from engine.attempts import MAX_LOSSES, MAX_RECORDING, Attempts
from engine.errors import Refused
from engine.ranks import rank_of
from engine.workflow.graph import Group

MACHINE = Capacity(slots=1, cpus=2, memory=100)


def group(count: int = 1, *, cpus: int = 1, retries: int = 0) -> Group:
    """Return a group with little to say."""
    return Group("a", count, count != 1, (), False, cpus, 1, retries, reusable=True)


def test_what_no_machine_like_this_could_run_is_refused() -> None:
    """At once, before anything has run."""
    with pytest.raises(Refused, match="asks for cpus: 3; this machine lends 2"):
        Attempts([group(cpus=3)], MACHINE)


def test_an_instance_that_is_recorded_makes_room() -> None:
    """It counts as open, and the next one starts."""
    attempts = Attempts([group(2)], MACHINE)
    first, second = rank_of(0, 0), rank_of(0, 1)
    attempts.queue(second)
    attempts.queue(first)
    assert attempts.start() == (first, 1)
    assert attempts.start() is None
    attempts.ran(first)
    assert first in attempts
    assert attempts.start() == (second, 1)
    attempts.leave(first)
    assert (first in attempts, attempts.running(), attempts.queued) == (False, [second], 0)


def test_a_slow_disk_is_not_outrun() -> None:
    """While so many are being recorded, none starts."""
    attempts = Attempts([group(MAX_RECORDING + 1)], MACHINE)
    for index in range(MAX_RECORDING + 1):
        attempts.queue(rank_of(0, index))
    for index in range(MAX_RECORDING):
        assert attempts.start() == (rank_of(0, index), 1)
        attempts.ran(rank_of(0, index))
    assert attempts.start() is None
    attempts.leave(rank_of(0, 7))
    assert attempts.start() == (rank_of(0, MAX_RECORDING), 1)


def test_failures_and_losses_are_counted_apart() -> None:
    """One retry and two losses: four attempts, and each count has its own end."""
    attempts, rank = Attempts([group(retries=1)], MACHINE), rank_of(0, 0)
    assert [attempts.lost(rank) for _ in range(MAX_LOSSES - 1)] == [True] * (MAX_LOSSES - 1)
    assert attempts.failed(rank)
    attempts.queue(rank)
    assert attempts.start() == (rank, MAX_LOSSES + 1)
    assert not attempts.failed(rank)
    assert not attempts.lost(rank)
