"""Whose step runs next."""

from peers.house import Share
from peers.turns import Turns

ONE = Share(1, 1, 1)


def test_what_an_owner_that_left_still_runs_ends_for_nobody() -> None:
    """Others go on as if it had never been."""
    turns: Turns[str, str] = Turns()
    turns.join("a", ONE)
    turns.join("b", ONE)
    turns.add("a", "its", ONE)
    assert turns.take() == "its"
    turns.leave("a")
    turns.give_back("its")
    turns.add("b", "theirs", ONE)
    assert (turns.taken, turns.take()) == (0, "theirs")
