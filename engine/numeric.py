"""Numeric: text files of numbers compared within a tolerance: JSON, CSV, TSV. Pure.

Each function yields every place where two files part, in the order of the first; none, when they
are equivalent.

Two numbers are near when they differ by at most T, or by at most T times the larger of them; not
a number is near itself. All that is not a number must be the same. Files come from strangers: what
cannot be read within the bounds is Unreadable, and is then compared byte by byte.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterator
from dataclasses import field
from itertools import zip_longest
from typing import Any, Final

from engine.values import dataclass

MAX_TEXT: Final = 64 * 1024 * 1024  # bytes of a JSON file: as objects it takes ten times as much

_Pair = tuple[str, Any, Any]  # a path, and what each file has there

_NUMBER: Final = re.compile(
    r"\s*[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|nan)\s*",
    re.IGNORECASE | re.ASCII,  # what is a space or a digit in Unicode need not be one to `float`
)


class Unreadable(Exception):
    """The bytes are not of the format that the file's name says, or are over a bound."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where two files part, and how."""

    where: str
    what: str
    deviation: float | None = field(default=None, compare=False)  # of two finite numbers


def deviation(was: object, now: object) -> float | None:
    """Return how far two finite numbers are apart; None for anything else."""
    if not (_is_number(was) and _is_number(now)):
        return None
    try:
        apart = abs(float(was) - float(now))  # type: ignore[arg-type]
    except OverflowError:  # integers that no float holds
        return None
    return apart if apart < math.inf else None  # which not a number is not


def near(was: float, now: float, tolerance: float) -> bool:
    """Return whether two numbers are equal within a relative or absolute tolerance."""
    if was == now:
        return True
    try:
        old, new = float(was), float(now)
    except OverflowError:  # integers that no float holds
        return False
    if math.isnan(old) or math.isnan(new):
        return math.isnan(old) and math.isnan(new)
    return abs(old - new) <= tolerance * max(1.0, abs(old), abs(new)) < math.inf


def json_mismatches(was: bytes, now: bytes, tolerance: float) -> Iterator[Mismatch]:
    """Compare two JSON files; the order of keys does not matter.

    Raises: Unreadable.
    """
    waiting = [iter([("$", _load(was), _load(now))])]  # a place at a time: files are long lists
    while waiting:
        found = next(waiting[-1], None)
        if found is None:
            waiting.pop()
            continue
        path, old, new = found
        if isinstance(old, dict) and isinstance(new, dict):
            for key in sorted(old.keys() ^ new.keys()):
                yield Mismatch(f"{path}.{key}", "is gone" if key in old else "is new")
            waiting.append(_values(path, old, new))
        elif isinstance(old, list) and isinstance(new, list):
            if len(old) != len(new):
                yield Mismatch(path, f"had {len(old)} items and has {len(new)}")
            waiting.append(_items(path, old, new))
        elif not _same_value(old, new, tolerance):
            what = f"was {_shown(old)} and is {_shown(new)}"
            yield Mismatch(path, what, deviation(old, new))


def _values(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[_Pair]:
    return ((f"{path}.{key}", old[key], new[key]) for key in sorted(old.keys() & new.keys()))


def _items(path: str, old: list[Any], new: list[Any]) -> Iterator[_Pair]:
    return ((f"{path}[{at}]", a, b) for at, (a, b) in enumerate(zip(old, new, strict=False)))


def csv_mismatches(was: bytes, now: bytes, tolerance: float) -> Iterator[Mismatch]:
    """Compare two comma-separated files cell by cell.

    Raises: Unreadable.
    """
    return _compare_rows(_rows(was, ","), _rows(now, ","), tolerance)


def tsv_mismatches(was: bytes, now: bytes, tolerance: float) -> Iterator[Mismatch]:
    """Compare two tab-separated files cell by cell.

    Raises: Unreadable.
    """
    return _compare_rows(_rows(was, "\t"), _rows(now, "\t"), tolerance)


def _load(data: bytes) -> object:
    if len(data) > MAX_TEXT:
        raise Unreadable
    try:
        return json.loads(data)
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or nested to exhaust the stack
        raise Unreadable from None


def _same_value(old: object, new: object, tolerance: float) -> bool:
    if _is_number(old) and _is_number(new):
        return near(old, new, tolerance)  # type: ignore[arg-type]
    return type(old) is type(new) and old == new


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: object) -> str:
    return "…" if isinstance(value, dict | list) else ascii(value)[:40]


def _rows(data: bytes, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter)
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
                what = f"was {a[:40]!a} and is {b[:40]!a}"
                apart = deviation(_cell(a), _cell(b))
                yield Mismatch(f"row {line}, column {column}", what, apart)


def _cell(text: str) -> float | str:
    return float(text) if _NUMBER.fullmatch(text) else text
