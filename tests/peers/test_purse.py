"""Steps go out under an agreement as far as its cap covers them."""

from hypothesis import given
from hypothesis import strategies as st

from peers.credits import NOTHING, Credits
from peers.price_list import CORE_SECOND, FAILURE
from peers.purse import ANY, Purse


def purse(cap: int) -> Purse:
    """Return one of an agreement that is paid."""
    return Purse({CORE_SECOND: 1}, Credits(cap))


def test_a_cap_covers_what_is_open_and_what_is_paid() -> None:
    """And whether a step cost less than expected is known when it is paid."""
    mine = purse(10)
    assert mine.affords(Credits(3)) == 3
    mine.take("a", Credits(3))
    mine.take("b", Credits(3))
    assert mine.affords(Credits(3)) == 1
    mine.drop("a")
    mine.pay(Credits(1))
    assert mine.affords(Credits(3)) == 2
    mine.pay(Credits(9))
    assert mine.affords(Credits(1)) == 0


def test_a_step_counts_once() -> None:
    """Taken twice it is one; dropped twice it is none."""
    mine = purse(10)
    mine.take("a", Credits(3))
    mine.take("a", Credits(4))
    assert mine.affords(Credits(1)) == 6
    mine.drop("a")
    mine.drop("a")
    assert mine.affords(Credits(1)) == 10


def test_what_costs_nothing_has_no_end() -> None:
    """A free agreement needs no cap; a paid one with nothing left covers no step at all."""
    assert Purse({}, NOTHING).affords(Credits(5)) == ANY
    assert Purse({FAILURE: 0}, NOTHING).affords(NOTHING) == ANY
    assert purse(0).affords(NOTHING) == 0
    assert purse(7).affords(NOTHING) == 7


@given(st.integers(0, 1_000), st.lists(st.integers(0, 50), max_size=30))
def test_no_more_is_expected_than_the_cap(cap: int, costs: list[int]) -> None:
    """As long as it is asked first."""
    mine, given_out = purse(cap), 0
    for number, cost in enumerate(costs):
        if mine.affords(Credits(cost)):
            mine.take(number, Credits(cost))
            given_out += cost
    assert given_out <= cap


def test_a_purse_that_is_closed_affords_nothing() -> None:
    """Whatever is left: its provider has counted what did not fit in, and does no more."""
    purse = Purse({"core-second": 1_000}, Credits(2_500))
    purse.close()
    assert purse.affords(Credits(1)) == 0
