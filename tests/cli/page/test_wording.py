"""How lengths, times and strangers' texts are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.page.wording import MAX_TEXT, duration, log_lines, moment, shown


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (59_940, "59.9 s"),
        (60_000, "1 min"),
        (185_000, "3 min 5 s"),
        (3_600_000, "1 h"),
        (7_380_000, "2 h 3 min"),
        (86_400_000, "1 d"),
        (450_000_000, "5 d 5 h"),
        (2**63, "106751991167 d 7 h"),
    ],
)
def test_a_length_of_time_has_two_units_at_most(milliseconds: int, words: str) -> None:
    """The second only where there is something to say in it."""
    assert duration(milliseconds) == words


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "1970-01-01 00:00:00 UTC"),
        (1_800_000_000_999, "2027-01-15 08:00:00 UTC"),
        (2**63, f"{2**63} ms after 1970"),
        (253_402_300_800_000, "253402300800000 ms after 1970"),
    ],
)
def test_a_moment_is_in_utc(milliseconds: int, words: str) -> None:
    """So that a page says the same wherever it is made; no clock of a stranger is too far."""
    assert moment(milliseconds) == words


@given(st.text())
def test_what_cannot_be_seen_is_spelled_out(text: str) -> None:
    """In any text from elsewhere, marks that turn text around among them."""
    assert all(each.isprintable() or each in "\n\t" for each in shown(text, 10_000))
    assert all(each.isprintable() or each in "\n\t" for each in log_lines(text))


def test_a_long_text_is_cut_and_counted() -> None:
    """However long it is."""
    assert shown("x" * 1_000_000) == "x" * MAX_TEXT + " … and 999500 more characters"


def test_a_log_is_what_a_terminal_would_have_left() -> None:
    """Without colours, and with the last state of a line that was written over."""
    told = log_lines("\x1b[1;31mred\x1b[0m\r\n10 %\r20 %\r100 %\nend")
    assert told == "red\n100 %\nend"
