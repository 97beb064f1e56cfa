"""What a step comes to, exactly, whatever became of it."""

import random
from dataclasses import replace
from fractions import Fraction
from math import floor

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.errors import Damaged
from peers.credits import MAX_CREDITS
from peers.peer_record import Price
from peers.price_list import (
    CACHE_HIT,
    CORE_SECOND,
    FAILURE,
    GIB_SECOND,
    GIB_TRANSFERRED,
    GPU_SECOND,
    NAMES,
)
from peers.prices import (
    Outcome,
    Usage,
    about,
    at_most,
    charge,
    for_record,
    is_free,
    of_record,
)

GIB = 2**30
ALL = {
    CORE_SECOND: 1_000,
    GIB_SECOND: 100,
    GPU_SECOND: 50_000,
    GIB_TRANSFERRED: 2_000,
    CACHE_HIT: 30,
    FAILURE: 7,
}
USED = Usage(cores=2, memory_bytes=3 * GIB, wall_ms=1_500, gpus=1, transferred_bytes=GIB // 2)

PRICES = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 10**6))
USAGES = st.builds(
    Usage,
    st.integers(0, 128),
    st.integers(0, 2**40),
    st.integers(0, 3_600_000),
    st.integers(0, 16),
    st.integers(0, 2**42),
)


@pytest.mark.parametrize(
    ("outcome", "comes_to"),
    [
        (Outcome.RAN, 3_000 + 450 + 75_000 + 1_000),
        (Outcome.CANCELLED, 3_000 + 450 + 75_000 + 1_000),
        (Outcome.KNOWN, 30),
        (Outcome.FAILED_ALIKE, 7),
        (Outcome.NOTHING, 0),
    ],
)
def test_each_end_of_a_step_has_its_price(outcome: Outcome, comes_to: int) -> None:
    """What was metered, a price of its own, or nothing."""
    assert charge(ALL, outcome, USED) == comes_to


@given(PRICES, USAGES)
def test_a_charge_is_the_exact_sum_rounded_down_once(prices: dict[str, int], used: Usage) -> None:
    """Less than one micro-credit is lost, whatever it is made of."""
    seconds = Fraction(used.wall_ms, 1_000)
    exact = (
        prices.get(CORE_SECOND, 0) * used.cores * seconds
        + prices.get(GIB_SECOND, 0) * Fraction(used.memory_bytes, GIB) * seconds
        + prices.get(GPU_SECOND, 0) * used.gpus * seconds
        + prices.get(GIB_TRANSFERRED, 0) * Fraction(used.transferred_bytes, GIB)
    )
    assert charge(prices, Outcome.RAN, used) == floor(exact)


@given(PRICES, USAGES, st.randoms(use_true_random=False))
def test_a_charge_depends_on_no_order(
    prices: dict[str, int], used: Usage, chance: random.Random
) -> None:
    """Of the names in a price list."""
    items = [*prices.items()]
    chance.shuffle(items)
    again = dict(items)
    assert all(charge(prices, one, used) == charge(again, one, used) for one in Outcome)


@given(PRICES, USAGES, USAGES, st.sampled_from(NAMES), st.integers(0, 1_000))
def test_more_never_costs_less(
    prices: dict[str, int], used: Usage, more: Usage, name: str, dearer: int
) -> None:
    """More of anything, or at a higher price."""
    longer = Usage(
        used.cores + more.cores,
        used.memory_bytes + more.memory_bytes,
        used.wall_ms + more.wall_ms,
        max(used.gpus, more.gpus),
        used.transferred_bytes + more.transferred_bytes,
    )
    raised = {**prices, name: prices.get(name, 0) + dearer}
    assume(_is_payable(raised, longer))
    for outcome in Outcome:
        was = charge(prices, outcome, used)
        assert was <= charge(prices, outcome, longer) <= charge(raised, outcome, longer)


@given(PRICES, USAGES)
def test_the_most_is_not_exceeded(prices: dict[str, int], used: Usage) -> None:
    """Whatever becomes of the step, and something costs just that."""
    assume(_is_payable(prices, used))
    charges = [charge(prices, outcome, used) for outcome in Outcome]
    assert at_most(prices, used) in charges
    assert at_most(prices, used) >= max(charges)


def _is_payable(prices: dict[str, int], used: Usage) -> bool:
    try:
        return charge(prices, Outcome.RAN, used) >= 0
    except Damaged:
        return False


@pytest.mark.parametrize(
    "used",
    [
        replace(USED, cores=-1),
        replace(USED, cores=65_537),
        replace(USED, memory_bytes=2**50 + 1),
        replace(USED, wall_ms=7 * 24 * 3600 * 1000 + 1),
        replace(USED, gpus=17),
        replace(USED, transferred_bytes=-1),
        replace(USED, transferred_bytes=2**60 + 1),
    ],
)
def test_figures_that_cannot_be_are_damaged(used: Usage) -> None:
    """Each has a bound, above and below."""
    with pytest.raises(Damaged, match="a step uses"):
        charge(ALL, Outcome.RAN, used)


def test_a_charge_is_never_more_than_there_is() -> None:
    """It is refused, and does not wrap."""
    with pytest.raises(Damaged, match="what a step costs"):
        charge({CORE_SECOND: MAX_CREDITS}, Outcome.RAN, Usage(cores=2, wall_ms=1_000))
    with pytest.raises(Damaged, match="the price of a failure"):
        charge({FAILURE: MAX_CREDITS + 1}, Outcome.FAILED_ALIKE, USED)
    assert at_most({CORE_SECOND: MAX_CREDITS}, Usage(cores=2, wall_ms=1_000)) == MAX_CREDITS
    assert about(ALL, USED) == charge(ALL, Outcome.RAN, USED)
    assert about({CORE_SECOND: MAX_CREDITS}, Usage(cores=2, wall_ms=1_000)) == MAX_CREDITS
    assert at_most({}, Usage(wall_ms=2**60)) == MAX_CREDITS
    most = charge({CORE_SECOND: MAX_CREDITS}, Outcome.RAN, Usage(cores=1, wall_ms=1_000))
    assert most == MAX_CREDITS


@given(PRICES)
def test_prices_are_the_same_in_a_peer_record(prices: dict[str, int]) -> None:
    """In its order, without what costs nothing."""
    listed = for_record(prices)
    assert [one.name for one in listed] == sorted({one.name for one in listed})
    assert of_record(listed) == {name: amount for name, amount in prices.items() if amount}


def test_what_this_version_does_not_know_is_not_agreed_to() -> None:
    """A price of another version is left out of an offer; it is for the provider to decline."""
    assert of_record((Price("core-second", 5), Price("kilowatt-hour", 9))) == {"core-second": 5}


def test_a_peer_without_prices_is_free() -> None:
    """So is one whose prices are of nothing."""
    assert is_free({})
    assert is_free({CORE_SECOND: 0})
    assert not is_free({FAILURE: 1})
