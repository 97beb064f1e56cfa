"""What ZeroMQ keeps of a message that does not end is known by what TCP has received."""

from peers.unfinished import MOST, Unfinished


def test_who_finishes_its_messages() -> None:
    """Who does may receive without end; what counts is what came after the last whole message."""
    unfinished = Unfinished()
    for turn in range(1, 10):
        assert not unfinished.is_over(7, turn * MOST)
        unfinished.heard(7)
    assert not unfinished.is_over(7, 20 * MOST)
    assert not unfinished.is_over(7, 21 * MOST)
    assert unfinished.is_over(7, 21 * MOST + 1)


def test_each_for_itself() -> None:
    """What one connection does is not held against another, or a later one of its number."""
    unfinished = Unfinished()
    assert not unfinished.is_over(7, 0)
    assert not unfinished.is_over(8, 0)
    unfinished.heard(8)
    assert not unfinished.is_over(8, MOST + 1)
    assert unfinished.is_over(7, MOST + 1)
    unfinished.forget(7)
    assert not unfinished.is_over(7, 5 * MOST)
