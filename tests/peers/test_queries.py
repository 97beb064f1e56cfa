"""Queries: what peers ask is answered, and none keeps the others waiting."""

from functools import partial

import pytest

from peers.errors import RemoteFault
from peers.identity import PeerId
from peers.queries import AT_ONCE, MAX_WAITING, Queries

ONE, TWO = PeerId(bytes(31) + b"1"), PeerId(bytes(31) + b"2")


def test_who_asks_little_is_answered_at_once() -> None:
    """Who asks more waits, until a second has passed."""
    queries, said = Queries(), list[int]()
    for number in range(AT_ONCE + 1):
        queries.ask(ONE, partial(said.append, number))
    queries.ask(TWO, partial(said.append, 100))
    assert said == [*range(AT_ONCE), 100]
    queries.tick(1)
    assert said[-1] == AT_ONCE
    queries.tick(1_001)
    queries.ask(ONE, partial(said.append, 101))
    assert said[-1] == 101


def test_peers_take_turns() -> None:
    """One is answered in a tick, each of its questions in their order."""
    queries, said = Queries(), list[str]()
    queries.wait(ONE, partial(said.append, "a"))
    queries.ask(ONE, partial(said.append, "b"))
    queries.wait(TWO, partial(said.append, "c"))
    for count in range(4):
        assert said == ["a", "c", "b"][:count]
        queries.tick(0)


def test_who_asks_without_end_is_at_fault() -> None:
    """Of who is gone nothing waits."""
    queries, said = Queries(), list[int]()
    for number in range(MAX_WAITING):
        queries.wait(ONE, partial(said.append, number))
    with pytest.raises(RemoteFault, match="before it was answered"):
        queries.wait(ONE, partial(said.append, 9))
    queries.closed(ONE)
    queries.tick(0)
    assert not said
