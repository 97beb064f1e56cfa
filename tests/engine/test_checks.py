"""Checks: what must hold of a run's outputs, read and made."""

import pytest

from engine.checks import Check, is_check, judge, parse
from engine.errors import Refused


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("metrics.accuracy >= 0.9", Check("metrics", "accuracy", ">=", "0.9")),
        ("loss<1e-3", Check("loss", "", "<", "1e-3")),
        ("scores.0.b != -2", Check("scores", "0.b", "!=", "-2")),
    ],
)
def test_what_a_person_writes_is_read(text: str, check: Check) -> None:
    """With or without spaces; what is read is read again as it is printed."""
    assert parse(text) == check
    assert parse(str(check)) == check
    assert is_check(check)


@pytest.mark.parametrize(
    "text",
    ["", "accuracy", "m >= x", "m.a => 1", "M.a > 1", "m..a > 1", "m > 1 2", "m > " + "1" * 31],
)
def test_what_is_no_check_is_refused(text: str) -> None:
    """With how one is written."""
    with pytest.raises(Refused) as refused:
        parse(text)
    assert "OUTPUT.KEY" in refused.value.fix


@pytest.mark.parametrize(
    "check",
    [Check("m", "a b", ">", "1"), Check("m", "a", "~", "1"), Check("m", "a", ">", "0x1")],
)
def test_a_check_from_elsewhere_is_one_that_could_be_written(check: Check) -> None:
    """Else its record is damaged (peers/resource.py)."""
    assert not is_check(check)


@pytest.mark.parametrize(
    ("text", "data", "holds", "found"),
    [
        ("m.a >= 0.9", b'{"a": 0.9}', True, "0.9"),
        ("m.a >= 0.9", b'{"a": 0.89999999999999999999}', False, "0.89999999999999999999"),
        ("m.a == 0.3", b'{"a": 0.30}', True, "0.30"),
        ("m.1.b < 3", b'[0, {"b": 2}]', True, "2"),
        ("m > 1", b"2", True, "2"),
        ("m.a > 1", b'{"b": 2, "c": 3}', False, "there is no 'a' in it; it has: b, c"),
        ("m.7 > 1", b"[2]", False, "there is no '7' in it"),
        ("m.a > 1", b'{"a": true}', False, "it is no number"),
        ("m > 1", b"NaN", False, "it is not JSON"),
        ("m > 1", b"\xff", False, "it is not JSON"),
        ("m > 1", b"1e999999999999999999999", False, "it is not JSON"),
        ("m > 1", b"[" * 100_000, False, "it is not JSON"),
    ],
)
def test_a_number_in_an_output_is_compared_exactly(
    text: str, data: bytes, holds: bool, found: str
) -> None:
    """As decimals: nothing is rounded; where there is no number the check does not hold."""
    judged = judge(parse(text), [data])
    assert (judged.holds, judged.found) == (holds, found)


def test_of_what_was_gathered_each_must_hold() -> None:
    """The first one that does not is what is said; with no output at all nothing holds."""
    check = parse("m > 1")
    assert judge(check, [b"2", b"3"]).holds
    assert judge(check, [b"2", b"0", b"3"]) == (check, False, "0")
    assert not judge(check, []).holds


def test_a_number_of_many_digits_is_no_trap() -> None:
    """It is compared, though Python would refuse it as an int; its beginning is shown."""
    judged = judge(parse("m > 1"), [b"9" * 100_000])
    assert (judged.holds, judged.found) == (True, "9" * 60)
