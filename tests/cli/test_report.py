"""How results are printed."""

import json

import pytest

from cli import report


def test_columns_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    """Each column is as wide as its widest cell; no line ends in blanks."""
    report.emit_table([("a", "1"), ("long", "")], ("x", "y"))
    assert capsys.readouterr().out == "X     Y\na     1\nlong\n"


def test_an_empty_table_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A header without rows would look like a result."""
    report.emit_table([], ("x",))
    assert capsys.readouterr().out == ""


def test_json_is_one_line_of_utf8(capsys: pytest.CaptureFixture[str]) -> None:
    """Text stays readable, and a line break in it does not break the line."""
    report.emit_json({"x": "é\n"})
    out = capsys.readouterr().out
    assert out == '{"x": "é\\n"}\n'
    assert json.loads(out) == {"x": "é\n"}


def test_what_a_terminal_might_obey_is_escaped_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """It stays the same value: C1 controls, direction overrides, what has no encoding."""
    value = {"x": "é\x1b\x7f\x9b\u202e\U000e0001\udc80"}
    report.emit_json(value)
    out = capsys.readouterr().out
    assert json.loads(out) == value
    assert out.rstrip("\n").isprintable()
    assert "é" in out


def test_control_characters_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes, bells, direction overrides, in tables and messages; letters of any script stay."""
    bad = "\x1b[2J\x07\u202e\x9b"
    report.emit_table([(bad, "Ωß")])
    report.note(bad)
    shown = capsys.readouterr()
    for text in (shown.out, shown.err):
        assert not (set(bad) - set("[2J")) & set(text)
    assert "Ωß" in shown.out


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (93 * 2**20, "93.0 MiB"),
        (2**52, "4096.0 TiB"),
    ],
)
def test_sizes_as_people_read_them(size: int, text: str) -> None:
    """Binary units, one decimal."""
    assert report.human_size(size) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0.0s"),
        (1234, "1.2s"),
        (59_940, "59.9s"),
        (59_960, "1min 0s"),
        (185_000, "3min 5s"),
        (3_599_000, "59min 59s"),
        (7_620_000, "2h 7min"),
        (180_000_000, "50h 0min"),
    ],
)
def test_times_as_people_read_them(milliseconds: int, text: str) -> None:
    """Two units at most: seconds with a decimal, minutes and seconds, hours and minutes."""
    assert report.human_seconds(milliseconds) == text
