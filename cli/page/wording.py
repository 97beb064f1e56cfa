"""Wording: how lengths, times and strangers' texts are written on a page. Pure."""

import re
from datetime import UTC, datetime
from typing import Final

from cli.report import printable

MAX_TEXT: Final = 500  # characters of a text from elsewhere; the rest is counted

_ESCAPES: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")  # colours and cursor moves of terminals
_SECOND: Final = 1_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_UNITS: Final = (
    (_DAY, "d", _HOUR, "h"),
    (_HOUR, "h", _MINUTE, "min"),
    (_MINUTE, "min", _SECOND, "s"),
)


def shown(text: str, most: int = MAX_TEXT) -> str:
    """Return text from elsewhere as it may be shown: what cannot be seen in it is spelled out."""
    rest = len(text) - most
    return printable(text[:most]) + (f" … and {rest} more characters" if rest > 0 else "")


def log_lines(text: str) -> str:
    """Return what a program printed as a terminal would have left it, without colours."""
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return printable(_ESCAPES.sub("", "\n".join(lines)))


def duration(milliseconds: int) -> str:
    """Return a length of time, to two units at most: "320 ms", "1.2 s", "3 min 5 s"."""
    if milliseconds < _SECOND:
        return f"{milliseconds} ms"
    if milliseconds < _MINUTE:
        return f"{milliseconds / _SECOND:.1f} s"
    unit, name, part, part_name = next(each for each in _UNITS if milliseconds >= each[0])
    rest = milliseconds % unit // part
    return f"{milliseconds // unit} {name}" + (f" {rest} {part_name}" if rest else "")


def moment(since_1970_ms: int) -> str:
    """Return a time of day in UTC, so that a page says the same wherever it is made."""
    try:
        return f"{datetime.fromtimestamp(since_1970_ms // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):  # a stranger's clock may say anything
        return f"{since_1970_ms} ms after 1970"
