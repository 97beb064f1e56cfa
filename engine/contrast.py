"""Contrast: two trees side by side, for people: what is not the same, and where. Pure.

It shows, compare.py judges: here every byte counts. What is shown is bounded, what is counted is
not. Files come from strangers: one that is not what its name says is shown as text, or as bytes.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final, Literal

from engine.compare import differ, pairs, parting, unlike
from engine.content.cid import Cid
from engine.content.reader import Get, read
from engine.content.walk import Entry
from engine.formats import reader_of
from engine.lines import Changed, changed_lines
from engine.nearness import Mismatch, Unreadable
from engine.values import dataclass

MAX_PARTS: Final = 10  # files and directories that are shown
MAX_TEXT: Final = 16 * 1024 * 1024  # bytes of a file that is looked at as text
MAX_VALUES: Final = 64 * 1024 * 1024  # bytes of one that is looked at value by value: some seconds
MAX_COUNTED: Final = 1_000_000  # values that are not the same
SHOWN_BYTES: Final = 8

How = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Bytes:
    """Where two files part, and the bytes of both from there: fewer where one ends."""

    offset: int
    was: bytes
    now: bytes


@dataclass(frozen=True, slots=True)
class Values:
    """The values of two files that are not the same."""

    count: int  # at most MAX_COUNTED
    first: Mismatch
    largest: Mismatch | None  # the one whose two numbers are farthest apart


@dataclass(frozen=True, slots=True)
class Content:
    """What is not the same in two files."""

    sizes: tuple[int, int]  # bytes
    parting: Bytes
    lines: Changed | None  # of two texts
    values: Values | None  # of formats that are known


@dataclass(frozen=True, slots=True)
class Part:
    """An entry of two trees that is not the same."""

    path: str  # "" for the tree itself
    how: How
    what: str  # in words: of what is not its content
    content: Content | None  # of two files with other bytes


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two trees side by side."""

    first: tuple[Part, ...]  # at most MAX_PARTS
    counts: dict[How, int]  # of files, symlinks and directories; those that are none are left out


def contrast(get: Get, was: Cid, now: Cid, name: str = "") -> Contrast:
    """Return what is not the same in two trees.

    `name` is what they are called, whose ending says the format when they are files.

    Raises: Unavailable when content is not here; Damaged when it is malformed.
    """
    counts: dict[How, int] = {}
    first: list[Part] = []
    for path, old, new in pairs(get, was, now) if was != now else ():
        how = _how(old, new)
        if how is not None:
            counts[how] = counts.get(how, 0) + 1
            if len(first) < MAX_PARTS:
                first.append(_part(get, path, how, old, new, name))
    return Contrast(tuple(first), counts)


def _how(old: Entry | None, new: Entry | None) -> How | None:
    if old is None or new is None:
        return "added" if old is None else "removed"
    return "changed" if unlike(old, new) or differ(old, new) else None


def _part(get: Get, path: str, how: How, old: Entry | None, new: Entry | None, name: str) -> Part:
    if old is None or new is None:
        return Part(path, how, "", None)
    content = _content(get, old, new, path or name) if differ(old, new) else None
    return Part(path, how, unlike(old, new), content)


def _content(get: Get, old: Entry, new: Entry, name: str) -> Content | None:
    offset = parting(get, old.cid, new.cid)
    if offset is None:
        return None
    was, now = (b"".join(read(get, one.cid, offset, SHOWN_BYTES)) for one in (old, new))
    return Content(
        sizes=(old.size, new.size),
        parting=Bytes(offset, was, now),
        lines=_lines(get, old, new),
        values=_values(get, old, new, name),
    )


def _lines(get: Get, old: Entry, new: Entry) -> Changed | None:
    if max(old.size, new.size) > MAX_TEXT:
        return None
    was, now = (_text(b"".join(read(get, one.cid))) for one in (old, new))
    return None if was is None or now is None else changed_lines(was, now)


def _text(data: bytes) -> str | None:
    """Return bytes as the text that they are; None for anything else."""
    if b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _values(get: Get, old: Entry, new: Entry, name: str) -> Values | None:
    reader = reader_of(name)
    if reader is None or max(old.size, new.size) > MAX_VALUES:
        return None
    was, now = (b"".join(read(get, one.cid)) for one in (old, new))
    try:
        return _summed_up(islice(reader(was, now, 0.0), MAX_COUNTED))
    except Unreadable:  # not what its name says
        return None


def _summed_up(mismatches: Iterator[Mismatch]) -> Values | None:
    first = largest = next(mismatches, None)
    if first is None:
        return None  # other bytes for the same values
    count = 1
    for found in mismatches:
        count += 1
        if largest is None or (found.deviation or 0) > (largest.deviation or 0):
            largest = found
    return Values(count, first, largest if largest and largest.deviation is not None else None)
