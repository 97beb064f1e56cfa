"""Compare: whether two trees are the same, or the same within a tolerance; and if not, where. Pure.

Trees are walked side by side in byte order of paths, and the first difference counts. Files of a
known format (formats.py) are compared number by number when there is a tolerance; all
others, and those too large to be looked into, byte by byte. Contrast.py shows all differences.
"""

from collections.abc import Iterator
from dataclasses import field
from typing import Final

from engine.content.cid import Cid
from engine.content.reader import Get, read
from engine.content.walk import Entry, walk
from engine.formats import reader_of
from engine.nearness import Unreadable
from engine.values import dataclass

MAX_LOOKED_INTO: Final = 128 * 1024 * 1024  # bytes of one file: two, unpacked, are under 1 GiB


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two trees part."""

    path: str  # below the output; "" for the output itself
    where: str  # inside the file: "byte 17", "line 3, column 2", "$.loss[3]"; "" for the whole
    what: str  # in words
    was: str | None = field(default=None, compare=False)  # a value or byte, as text
    now: str | None = field(default=None, compare=False)


def compare(
    get: Get, was: Cid, now: Cid, tolerance: float | None, name: str = ""
) -> Difference | None:
    """Return the first difference of two trees, or None when they are equivalent.

    `name` is what the output is called, whose ending says the format when it is a file.

    Raises: Unavailable when content is not here; Damaged when it is malformed.
    """
    for path, old, new in pairs(get, was, now):
        if old is None or new is None:
            return Difference(path, "", "is new" if old is None else "is missing")
        if what := unlike(old, new):
            return Difference(path, "", what)
        found = _compare_files(get, old, new, tolerance, path or name) if differ(old, new) else None
        if found is not None:
            return found
    return None


def pairs(get: Get, was: Cid, now: Cid) -> Iterator[tuple[str, Entry | None, Entry | None]]:
    """Yield everything in two trees side by side, in byte order of paths: None where it is not.

    Raises: Unavailable when content is not here; Damaged when it is malformed.
    """
    before = {entry.path: entry for entry in walk(get, was)}
    after = {entry.path: entry for entry in walk(get, now)}
    for path in sorted(before.keys() | after.keys(), key=str.encode):
        yield path, before.get(path), after.get(path)


def unlike(was: Entry, now: Entry) -> str:
    """Say what two entries have not in common besides what is in them; "" when that is nothing."""
    if was.kind != now.kind:
        return f"was a {was.kind} and is a {now.kind}"
    if was.target != now.target:
        return f"pointed to {was.target!a} and points to {now.target!a}"
    if was.executable != now.executable:
        return "is executable in one of them only"
    return ""


def differ(was: Entry, now: Entry) -> bool:
    """Say whether two entries are files that may have other bytes."""
    return was.kind == now.kind == "file" and was.cid != now.cid


def parting(get: Get, was: Cid, now: Cid) -> int | None:
    """Return the offset of the first byte that two files do not share; None when they are equal."""
    offset = 0
    for old, new in _pieces(read(get, was), read(get, now)):
        if old != new:
            same = (n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
            return offset + next(same, min(len(old), len(new)))
        offset += len(old)
    return None  # the same bytes, cut into blocks in two ways


def _compare_files(
    get: Get, was: Entry, now: Entry, tolerance: float | None, name: str
) -> Difference | None:
    reader = reader_of(name) if tolerance is not None else None
    if reader is None or tolerance is None or max(was.size, now.size) > MAX_LOOKED_INTO:
        return _first_byte(get, was, now)
    try:
        old, new = (b"".join(read(get, entry.cid)) for entry in (was, now))
        found = next(reader(old, new, tolerance), None)
    except (Unreadable, MemoryError):  # not what its name says: then every byte counts
        return _first_byte(get, was, now)
    if found is None:
        return None
    return Difference(was.path, found.where, found.what, found.was, found.now)


def _first_byte(get: Get, was: Entry, now: Entry) -> Difference | None:
    offset = parting(get, was.cid, now.cid)
    if offset is None:
        return None
    old, new = (b"".join(read(get, entry.cid, offset, 1)) for entry in (was, now))
    before, after = (f"0x{side.hex()}" if side else None for side in (old, new))
    if before and after:
        what = f"was {before} and is {after}"
    else:
        what = "it goes on from here" if after else "it ends here"
    return Difference(was.path, f"byte {offset}", what, before, after)


def _pieces(old: Iterator[bytes], new: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield pieces of two streams, of equal length except where one of them ends."""
    a, b = next(old, b""), next(new, b"")
    while a or b:
        size = min(len(a), len(b)) or max(len(a), len(b))
        yield a[:size], b[:size]
        a, b = a[size:] or next(old, b""), b[size:] or next(new, b"")
