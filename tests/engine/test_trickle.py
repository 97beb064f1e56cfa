"""Content that comes too slowly is left, whenever it becomes so; what its reader does is not it."""

from collections.abc import Iterable, Iterator

import pytest

from engine.errors import Unavailable
from engine.trickle import SILENCE_S, SLOWEST, paced
from tests.fakes.clock import Clock


def coming(clock: Clock, pieces: Iterable[tuple[float, int]]) -> Iterator[bytes]:
    """Yield pieces of so many bytes, each after so many seconds."""
    for seconds, size in pieces:
        clock.ms += int(seconds * 1000)
        yield bytes(size)


def test_a_byte_now_and_then_is_a_trickle() -> None:
    """Within two times the silence that is borne, and one piece."""
    clock = Clock()
    with pytest.raises(Unavailable, match="bytes a second"):
        list(paced(coming(clock, [(SILENCE_S - 1, 1)] * 1000), clock.monotonic_ms, Unavailable))
    assert clock.ms <= 3000 * SILENCE_S


def test_what_came_fast_at_first_may_not_dawdle_then() -> None:
    """A gigabyte buys no more time than a byte."""
    clock = Clock()
    with pytest.raises(Unavailable):
        list(paced(coming(clock, [(1, 2**30), *[(1, 1)] * 1000]), clock.monotonic_ms, Unavailable))
    assert clock.ms <= 5000 * SILENCE_S


def test_silence_is_borne_and_so_is_a_slow_line() -> None:
    """As long as enough comes between, and for however long."""
    clock = Clock()
    pieces = [(SILENCE_S - 1, 0), *[(1, SLOWEST)] * 70] * 50
    assert (
        sum(map(len, paced(coming(clock, pieces), clock.monotonic_ms, Unavailable)))
        == 50 * 70 * SLOWEST
    )


def test_what_a_reader_does_meanwhile_is_not_counted() -> None:
    """It may be stopped for an hour between two pieces."""
    clock = Clock()
    for _ in paced(coming(clock, [(0.1, 1)] * 100), clock.monotonic_ms, Unavailable):
        clock.ms += 3_600_000


def test_all_of_it_can_have_an_end() -> None:
    """However fast it comes."""
    clock = Clock()
    with pytest.raises(Unavailable, match="over 100 seconds"):
        list(
            paced(coming(clock, [(1, 2**20)] * 200), clock.monotonic_ms, Unavailable, longest_s=100)
        )
    assert clock.ms == 101_000
