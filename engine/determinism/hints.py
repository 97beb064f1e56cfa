"""Hints: what the first difference of two files looks like. Pure; a hint beside, never the cause.

>>> hint(b"made at 12:30:01", b"made at 12:30:02")
'it looks like a time'
"""

import re
from collections.abc import Collection, Set
from typing import Final

_BEFORE: Final = 40  # bytes of context that are looked at, before and after where two files part
_AFTER: Final = 48
_NEAR: Final = 1e-3  # of numbers that are nearly the same

_LOOKS: Final = (
    (rb"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "it looks like a UUID"),
    (rb"\b0x[0-9a-f]{6,16}\b", "it looks like an address"),
    (rb"\d{4}-\d\d-\d\d|\b\d\d:\d\d(:\d\d)?\b|\b\w{3} \w{3} [ \d]\d\b", "it looks like a time"),
    (rb"\b[12]\d{9}(\.\d+|\d{3,9})?\b", "it looks like seconds since 1970"),
    (rb"/tmp/\w+|\btmp\w{6,}\b", "it looks like the name of a temporary file"),
    (rb"/proc/\S+", "it looks like a path of this machine"),
)
DATES: Final = frozenset({"it looks like a time", "it looks like seconds since 1970"})
_OF: Final[dict[str, Set[str]]] = {  # the causes that what looks so can have
    "it looks like a UUID": {"random bytes", "time"},
    "it looks like an address": {"addresses", "uninitialised bytes"},
    "it looks like a time": {"time"},
    "it looks like seconds since 1970": {"time"},
    "it looks like the name of a temporary file": {"random bytes", "time"},
    "it looks like a path of this machine": {"machine"},
}
_NUMBER: Final = re.compile(rb"-?\d+\.\d+(?:e[-+]?\d+)?")


def hint(was: bytes, now: bytes) -> str:
    """Return what the first difference of two contents looks like; "" when like nothing."""
    if _parts(was) == _parts(now):
        return "the same parts in another order"
    at = next((n for n, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), None)
    if at is None:
        return "one of them goes on where the other ends"
    for pattern, words in _LOOKS:
        if all(_meets(pattern, data, at) for data in (was, now)):
            return words
    return "numbers that are nearly the same" if _near(was, now, at) else ""


def fits(words: str, causes: Collection[str]) -> bool:
    """Return whether a hint goes with the causes that were found: it is no second opinion.

    >>> fits("it looks like a time", ["random bytes"])
    False
    """
    own = _OF.get(words)
    return own is None or not own.isdisjoint(causes) or "unknown" in causes


def _parts(data: bytes) -> list[bytes]:
    return sorted(re.split(rb"[\s,;:{}\[\]()]+", data))


def _meets(pattern: bytes, data: bytes, at: int) -> bool:
    """Return whether a pattern is met at a place."""
    return _found(re.compile(pattern, re.IGNORECASE), data, at) is not None


def _found(pattern: "re.Pattern[bytes]", data: bytes, at: int) -> bytes | None:
    start = max(0, at - _BEFORE)
    for found in pattern.finditer(data[start : at + _AFTER]):
        if found.start() <= at - start <= found.end():
            return found[0]
    return None


def _near(was: bytes, now: bytes, at: int) -> bool:
    one, other = _found(_NUMBER, was, at), _found(_NUMBER, now, at)
    if one is None or other is None:
        return False
    a, b = float(one), float(other)
    return abs(a - b) <= _NEAR * max(abs(a), abs(b))
