"""Amounts are whole micro-credits, and people read and write credits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Damaged, Refused
from peers.credits import MAX_CREDITS, check, digits, read, show

AMOUNTS = st.integers(0, MAX_CREDITS)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0 credits"),
        (1, "0.000001 credits"),
        (1_000_000, "1 credit"),
        (1_250_000, "1.25 credits"),
        (-1_200_000, "-1.2 credits"),
        (-1, "-0.000001 credits"),
        (100_000_000, "100 credits"),
        (MAX_CREDITS, "9007199254.740991 credits"),
    ],
)
def test_an_amount_is_shown_in_credits(amount: int, text: str) -> None:
    """With no more decimals than it has."""
    assert show(amount) == text


@given(AMOUNTS)
def test_what_is_shown_is_read_as_the_same(amount: int) -> None:
    """To the micro-credit, with the word or without."""
    assert read(show(amount)) == read(digits(amount)) == amount


@pytest.mark.parametrize(
    ("text", "amount"), [("2", 2_000_000), (" 0.000001 ", 1), ("007.10", 7_100_000)]
)
def test_an_amount_is_read_as_people_write_it(text: str, amount: int) -> None:
    """With blanks around it, or noughts."""
    assert read(text) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "-1",
        "+1",
        "1.",
        ".5",
        "1,5",
        "1e3",
        "0.0000001",
        "1_0",
        "\N{ARABIC-INDIC DIGIT ONE}",
        "1 coin",
        "9" * 11,
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    """And it is said how one is written."""
    with pytest.raises(Refused, match="no amount of credits") as refused:
        read(text)
    assert "1.25" in refused.value.fix


def test_no_more_is_read_than_there_can_be() -> None:
    """The largest is read, and one micro-credit more is not."""
    assert read("9007199254.740991") == MAX_CREDITS
    with pytest.raises(Refused, match=r"is over 9007199254\.740991 credits"):
        read("9007199254.740992")


@pytest.mark.parametrize("amount", [-1, MAX_CREDITS + 1])
def test_an_amount_from_outside_is_within_its_bounds(amount: int) -> None:
    """What is below nothing or above the largest is damaged."""
    with pytest.raises(Damaged, match="a price is from 0"):
        check(amount, "a price")
    assert check(MAX_CREDITS) == MAX_CREDITS
