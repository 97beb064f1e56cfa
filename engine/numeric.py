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

from engine.jsonpath import Key, Way, place
from engine.nearness import Mismatch, Unreadable, changed, is_number, near

MAX_TEXT: Final = 64 * 1024 * 1024  # bytes of a JSON file
MAX_OBJECTS: Final = 768 * 1024 * 1024  # bytes of it as objects, by `takes`: two are under 1 GiB
MAX_COLUMNS: Final = 1_000_000  # of a row
MAX_ROW: Final = 16 * 1024 * 1024  # characters of a row

_Pair = tuple[Key, Any, Any]  # a key, and what each file has there

_WEIGHTS: Final = {"[": 112, "{": 96, ":": 256, ",": 64}  # bytes of what each of them begins
_MARK: Final = b"\xef\xbb\xbf"  # the byte order mark in UTF-8
_SHOWN: Final = 40  # characters of a value
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
    top: Iterator[_Pair] = iter([(None, _load(was), _load(now))])
    waiting: list[tuple[Way | None, Iterator[_Pair]]] = [(None, top)]  # files are long lists
    while waiting:
        above, pairs = waiting[-1]
        found = next(pairs, None)
        if found is None:
            waiting.pop()
            continue
        key, old, new = found
        if isinstance(old, dict) and isinstance(new, dict):
            way = Way(above, key)
            for one in sorted(old.keys() ^ new.keys()):
                yield Mismatch(place(way, one), "is gone" if one in old else "is new")
            waiting.append((way, _values(old, new)))
        elif isinstance(old, list) and isinstance(new, list):
            if len(old) != len(new):
                yield Mismatch(place(above, key), f"had {len(old)} items and has {len(new)}")
            waiting.append((Way(above, key), _items(old, new)))
        elif not _same_value(old, new, tolerance):
            yield changed(place(above, key), old, new, (_shown(old), _shown(new)))


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


def _values(old: dict[str, Any], new: dict[str, Any]) -> Iterator[_Pair]:
    return ((key, old[key], new[key]) for key in sorted(old.keys() & new.keys()))


def _items(old: list[Any], new: list[Any]) -> Iterator[_Pair]:
    return ((at, a, b) for at, (a, b) in enumerate(zip(old, new, strict=False)))


def _load(data: bytes) -> object:
    if len(data) > MAX_TEXT or takes(text := _text(data)) > MAX_OBJECTS:
        raise Unreadable
    try:
        return json.loads(text, object_pairs_hook=_map, parse_float=_float)
    except (ValueError, RecursionError):  # not JSON, or nested to exhaust the stack
        raise Unreadable from None


def takes(text: str) -> int:
    """Return how many bytes JSON takes as objects, without reading it: at most, mostly half."""
    return 2 * text.__sizeof__() + sum(text.count(sign) * size for sign, size in _WEIGHTS.items())


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


class _Lines:
    """The lines of a file, read as they are asked for, while its rows are within the bounds."""

    def __init__(self, data: bytes, delimiter: str) -> None:
        stream = io.BytesIO(data)
        stream.seek(len(_MARK) if data.startswith(_MARK) else 0)
        self._text = io.TextIOWrapper(stream, "utf-8", newline="")
        self._delimiter = delimiter
        self._length = self._cells = 0  # of a row, which has several lines where they are in quotes

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_ROW + 1)
        if not line:
            raise StopIteration
        self._length += len(line)
        self._cells += line.count(self._delimiter)
        if self._length > MAX_ROW or self._cells >= MAX_COLUMNS:
            raise Unreadable
        return line

    def end_row(self) -> None:
        """Begin to count anew."""
        self._length = self._cells = 0


def _rows(data: bytes, delimiter: str) -> Iterator[list[str]]:
    lines = _Lines(data, delimiter)
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            lines.end_row()
            yield row
    except (csv.Error, UnicodeDecodeError):
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
