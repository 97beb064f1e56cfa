"""The table of states."""

import pytest

from engine.plan_table import ENDED, TABLE, Cause, State, move


def test_nothing_leaves_a_final_state():
    """Every state that ends an instance has no row."""
    assert [row for row in TABLE if row[0] >= ENDED] == []


def test_every_state_can_be_reached_and_every_cause_is_used():
    """The table has no dead word in it."""
    assert {State.WAITING, *TABLE.values()} == set(State)
    assert {cause for _, cause in TABLE} == set(Cause)


def test_a_pair_without_a_row_is_an_error():
    """What the table does not say cannot happen."""
    with pytest.raises(ValueError, match="DONE has no row for STARTED"):
        move(State.DONE, Cause.STARTED)
