"""Prices are written in credits, and read as they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused
from peers.credits import MAX_CREDITS
from peers.price_list import CORE_SECOND, FAILURE, NAMES, read, show


@given(st.dictionaries(st.sampled_from(NAMES), st.integers(0, MAX_CREDITS)))
def test_what_is_shown_is_read_as_the_same(prices: dict[str, int]) -> None:
    """Whatever the prices."""
    assert read(show(prices)) == prices


def test_blanks_and_commas_more_do_not_matter() -> None:
    """A list that a person writes on several lines is one."""
    assert read(" core-second = 0.001 ,\n failure=2,") == {CORE_SECOND: 1_000, FAILURE: 2_000_000}
    assert read("") == {}


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("core-seconds=1", "no price of a 'core-seconds'", "'core-second'"),
        ("coffee=1", "no price of a 'coffee'", "gib-second"),
        ("failure=1,failure=2", "given twice", "leave out one"),
        ("failure", "no amount of credits", "1.25"),
        ("failure=-1", "no amount of credits", "1.25"),
        ("failure=1e-05", "no amount of credits", "1.25"),
    ],
)
def test_what_is_no_price_list_is_refused(text: str, what: str, fix: str) -> None:
    """And it is said what would be one."""
    with pytest.raises(Refused, match=what) as refused:
        read(text)
    assert fix in refused.value.fix
