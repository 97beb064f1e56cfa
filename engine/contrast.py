"""Contrast: two trees side by side, for people: what is not the same, and where. Pure.

It shows, compare.py judges: here every byte counts. What is shown is bounded, what is counted is
not. Files come from strangers: one that is not what its name says is shown as text, or as bytes.
"""

from itertools import islice
from typing import Final, Literal

from engine.compare import differ, pairs, parting, unlike
from engine.content.cid import Cid
from engine.content.reader import Get, read
from engine.content.walk import Entry
from engine.deviation import Deviation, Farthest
from engine.formats import Reader, reader_of
from engine.lines import Changed, changed_lines
from engine.nearness import Mismatch, Unreadable
from engine.values import dataclass

MAX_PARTS: Final = 10  # files and directories that are shown
MAX_TEXT: Final = 16 * 1024 * 1024  # bytes of a file that is looked at as text
MAX_VALUES: Final = 64 * 1024 * 1024  # bytes of one that is looked at value by value: some seconds
MAX_MEASURED: Final = 64 * 1024 * 1024  # bytes of files that are not shown, looked at by value
MAX_COUNTED: Final = 1_000_000  # values of a file that are not the same
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
    deviation: Deviation | None  # of numbers in files of known formats


def contrast(get: Get, was: Cid, now: Cid, name: str = "") -> Contrast:
    """Return what is not the same in two trees.

    `name` is what they are called, whose ending says the format when they are files.

    Raises: Unavailable when content is not here; Damaged when it is malformed.
    """
    looking = _Looking(get, name)
    for path, old, new in pairs(get, was, now) if was != now else ():
        looking.see(path, old, new)
    return Contrast(tuple(looking.first), looking.counts, looking.farthest.found())


class _Looking:
    """What was seen so far, and how much may still be read."""

    def __init__(self, get: Get, name: str) -> None:
        self._get = get
        self._name = name
        self._left = MAX_MEASURED
        self.counts: dict[How, int] = {}
        self.first: list[Part] = []
        self.farthest = Farthest()

    def see(self, path: str, old: Entry | None, new: Entry | None) -> None:
        """Look at an entry of both trees."""
        how = _how(old, new)
        if how is None:
            return
        self.counts[how] = self.counts.get(how, 0) + 1
        if len(self.first) < MAX_PARTS:
            self.first.append(self._part(path, how, old, new))
        elif old is not None and new is not None and differ(old, new):
            self._measure(path, old, new)

    def _part(self, path: str, how: How, old: Entry | None, new: Entry | None) -> Part:
        if old is None or new is None:
            return Part(path, how, "", None)
        content = self._content(path, old, new) if differ(old, new) else None
        return Part(path, how, unlike(old, new), content)

    def _content(self, path: str, old: Entry, new: Entry) -> Content | None:
        offset = parting(self._get, old.cid, new.cid)
        if offset is None:
            return None
        was, now = (b"".join(read(self._get, one.cid, offset, SHOWN_BYTES)) for one in (old, new))
        return Content(
            sizes=(old.size, new.size),
            parting=Bytes(offset, was, now),
            lines=_lines(self._get, old, new),
            values=self._values(path, old, new),
        )

    def _measure(self, path: str, old: Entry, new: Entry) -> None:
        """Look at a file that is not shown, as far as that does not take too long."""
        if reader_of(path or self._name) is None:
            return
        self._left -= old.size + new.size
        if self._left < 0:
            self.farthest.leave_out()
        else:
            self._values(path, old, new)

    def _values(self, path: str, old: Entry, new: Entry) -> Values | None:
        reader = reader_of(path or self._name)
        if reader is None:
            return None
        if max(old.size, new.size) > MAX_VALUES:
            self.farthest.leave_out()
            return None
        try:
            was, now = (b"".join(read(self._get, one.cid)) for one in (old, new))
            return self._summed_up(path, reader, was, now)
        except (Unreadable, MemoryError):  # not what its name says, or too much
            return None

    def _summed_up(self, path: str, reader: Reader, was: bytes, now: bytes) -> Values | None:
        count, first, largest = 0, None, None
        for found in islice(reader(was, now, 0.0), MAX_COUNTED):
            count += 1
            first = first or found
            self.farthest.see(path, found)
            if found.apart and (largest is None or found.apart > (largest.apart or ())):
                largest = found
        if count == MAX_COUNTED:
            self.farthest.leave_out()
        return Values(count, first, largest) if first else None  # None: other bytes, same values


def _how(old: Entry | None, new: Entry | None) -> How | None:
    if old is None or new is None:
        return "added" if old is None else "removed"
    return "changed" if unlike(old, new) or differ(old, new) else None


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
