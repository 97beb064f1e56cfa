"""Numeric: text files of numbers compared within a tolerance: JSON, CSV, TSV. Pure.

Each function yields every place where two files part, in the order of the first; none, when they
are equivalent.

All that is not a number must be the same; how it is spelt does not count: spaces, the order of
keys, quotes, line ends. A byte order mark is no spelling. Files come from strangers: what cannot be
read within the bounds, or means two things at once, is Unreadable, and is then compared byte by
byte.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, Final

from engine.nearness import Mismatch, Unreadable, changed, is_number, near

MAX_TEXT: Final = 64 * 1024 * 1024  # bytes of a JSON file: as objects it takes ten times as much

_Pair = tuple[str, Any, Any]  # a path, and what each file has there

_MARK: Final = b"\xef\xbb\xbf"  # the byte order mark in UTF-8
_SHOWN: Final = 40  # characters of a value
_SHOWN_KEY: Final = 80
_PLAIN_KEY: Final = re.compile(r"[\w-]+", re.ASCII)
_MAX_DIGITS: Final = 4_000  # of a whole number: Python reads no more than 4 300
_WHOLE: Final = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_NUMBER: Final = re.compile(
    r"\s*[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|nan)\s*",
    re.IGNORECASE | re.ASCII,  # what is a space or a digit in Unicode need not be one to `float`
)


def json_mismatches(was: bytes, now: bytes, tolerance: float) -> Iterator[Mismatch]:
    """Compare two JSON files; the order of keys does not matter.

    Raises: Unreadable.
    """
    yield from _mark(was, now)
    waiting = [iter([("$", _load(was), _load(now))])]  # a place at a time: files are long lists
    while waiting:
        found = next(waiting[-1], None)
        if found is None:
            waiting.pop()
            continue
        path, old, new = found
        if isinstance(old, dict) and isinstance(new, dict):
            for key in sorted(old.keys() ^ new.keys()):
                yield Mismatch(_below(path, key), "is gone" if key in old else "is new")
            waiting.append(_values(path, old, new))
        elif isinstance(old, list) and isinstance(new, list):
            if len(old) != len(new):
                yield Mismatch(path, f"had {len(old)} items and has {len(new)}")
            waiting.append(_items(path, old, new))
        elif not _same_value(old, new, tolerance):
            yield changed(path, old, new, (_shown(old), _shown(new)))


def csv_mismatches(was: bytes, now: bytes, tolerance: float) -> Iterator[Mismatch]:
    """Compare two comma-separated files cell by cell.

    Raises: Unreadable.
    """
    yield from _mark(was, now)
    yield from _compare_rows(_rows(was, ","), _rows(now, ","), tolerance)


def tsv_mismatches(was: bytes, now: bytes, tolerance: float) -> Iterator[Mismatch]:
    """Compare two tab-separated files cell by cell.

    Raises: Unreadable.
    """
    yield from _mark(was, now)
    yield from _compare_rows(_rows(was, "\t"), _rows(now, "\t"), tolerance)


def _mark(was: bytes, now: bytes) -> Iterator[Mismatch]:
    if was.startswith(_MARK) != now.startswith(_MARK):
        yield Mismatch("byte 0", "has a byte order mark in one of them only")


def _text(data: bytes) -> str:
    try:
        return data.removeprefix(_MARK).decode()
    except UnicodeDecodeError:
        raise Unreadable from None


def _values(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[_Pair]:
    return ((_below(path, key), old[key], new[key]) for key in sorted(old.keys() & new.keys()))


def _below(path: str, key: str) -> str:
    """Return the path of a key, in quotes where it has more in it than a name."""
    if _PLAIN_KEY.fullmatch(key):
        return f"{path}.{key[:_SHOWN_KEY]}"
    return f"{path}[{json.dumps(key[:_SHOWN_KEY])}]"


def _items(path: str, old: list[Any], new: list[Any]) -> Iterator[_Pair]:
    return ((f"{path}[{at}]", a, b) for at, (a, b) in enumerate(zip(old, new, strict=False)))


def _load(data: bytes) -> object:
    if len(data) > MAX_TEXT:
        raise Unreadable
    try:
        return json.loads(_text(data), object_pairs_hook=_map, parse_float=_float)
    except (ValueError, RecursionError):  # not JSON, or nested to exhaust the stack
        raise Unreadable from None


def _map(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):  # a key twice: readers differ in which of them counts
        raise Unreadable
    return found


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):  # 1e400 and 1e500 would be one
        raise Unreadable
    return value


def _same_value(old: object, new: object, tolerance: float) -> bool:
    if is_number(old) and is_number(new):
        return near(old, new, tolerance)
    return type(old) is type(new) and old == new


def _shown(value: object) -> str:
    return "…" if isinstance(value, dict | list) else ascii(value)[:_SHOWN]


def _rows(data: bytes, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(_text(data), newline=""), delimiter=delimiter)
    except csv.Error:
        raise Unreadable from None


def _compare_rows(
    was: Iterator[list[str]], now: Iterator[list[str]], tolerance: float
) -> Iterator[Mismatch]:
    for line, (old, new) in enumerate(zip_longest(was, now), start=1):
        if old is None or new is None:
            yield Mismatch(f"row {line}", "is new" if old is None else "is missing")
            continue
        if len(old) != len(new):
            yield Mismatch(f"row {line}", f"had {len(old)} columns and has {len(new)}")
        for column, (a, b) in enumerate(zip(old, new, strict=False), start=1):
            if a != b and not _same_value(_cell(a), _cell(b), tolerance):
                shown = (ascii(a[:_SHOWN]), ascii(b[:_SHOWN]))
                yield changed(f"row {line}, column {column}", _cell(a), _cell(b), shown)


def _cell(text: str) -> float | str:
    """Return the number that a cell is, whole if it is written so; else its text."""
    if not _NUMBER.fullmatch(text):
        return text
    if _WHOLE.fullmatch(text) and len(text) <= _MAX_DIGITS:
        return int(text)
    value = float(text)
    return text if math.isinf(value) and any(map(str.isdigit, text)) else value
