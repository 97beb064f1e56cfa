"""Compare: whether two trees are the same, or the same within a tolerance; and if not, where. Pure.

Trees are walked side by side in byte order of paths, and the first difference counts. Files of a
known format (numeric.py, npy.py) are compared number by number when there is a tolerance; all
others, and those too large to be looked into, byte by byte.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from engine.content.cid import Cid
from engine.content.reader import Get, read
from engine.content.walk import Entry, walk
from engine.npy import compare_npy, compare_npz
from engine.numeric import Mismatch, Unreadable, compare_csv, compare_json, compare_tsv

MAX_LOOKED_INTO: Final = 256 * 1024 * 1024  # bytes of one file; it is held in memory, twice

Reader = Callable[[bytes, bytes, float], Mismatch | None]

FORMATS: Final[dict[str, Reader]] = {
    "json": compare_json,
    "csv": compare_csv,
    "tsv": compare_tsv,
    "npy": compare_npy,
    "npz": compare_npz,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two trees part."""

    path: str  # below the output; "" for the output itself
    where: str  # inside the file: "byte 17", "line 3, column 2", "$.loss[3]"; "" for the whole
    what: str  # in words


def compare(
    get: Get, was: Cid, now: Cid, tolerance: float | None, name: str = ""
) -> Difference | None:
    """Return the first difference of two trees, or None when they are equivalent.

    `name` is what the output is called, whose ending says the format when it is a file.

    Raises: Unavailable when content is not here; Damaged when it is malformed.
    """
    before = {entry.path: entry for entry in walk(get, was)}
    after = {entry.path: entry for entry in walk(get, now)}
    for path in sorted(before.keys() | after.keys(), key=str.encode):
        old, new = before.get(path), after.get(path)
        if old is None or new is None:
            return Difference(path, "", "is new" if old is None else "is missing")
        found = _compare_entries(get, old, new, tolerance, path or name)
        if found is not None:
            return found
    return None


def _compare_entries(
    get: Get, was: Entry, now: Entry, tolerance: float | None, name: str
) -> Difference | None:
    path = was.path
    if was.kind != now.kind:
        return Difference(path, "", f"was a {was.kind} and is a {now.kind}")
    if was.target != now.target:
        return Difference(path, "", f"pointed to {was.target!a} and points to {now.target!a}")
    if was.executable != now.executable:
        return Difference(path, "", "is executable in one of them only")
    if was.cid == now.cid or was.kind != "file":
        return None
    return _compare_files(get, was, now, tolerance, name)


def _compare_files(
    get: Get, was: Entry, now: Entry, tolerance: float | None, name: str
) -> Difference | None:
    reader = FORMATS.get(name.rpartition(".")[2].lower()) if tolerance is not None else None
    if reader is None or tolerance is None or max(was.size, now.size) > MAX_LOOKED_INTO:
        return _first_byte(get, was, now)
    try:
        old, new = (b"".join(read(get, entry.cid)) for entry in (was, now))
        found = reader(old, new, tolerance)
    except Unreadable:  # not what its name says: then every byte counts
        return _first_byte(get, was, now)
    return None if found is None else Difference(was.path, found.where, found.what)


def _first_byte(get: Get, was: Entry, now: Entry) -> Difference | None:
    offset = 0
    for old, new in _pairs(read(get, was.cid), read(get, now.cid)):
        if old != new:
            return Difference(was.path, *_describe(old, new, offset))
        offset += len(old)
    return None  # the same bytes, cut into blocks in two ways


def _describe(old: bytes, new: bytes, offset: int) -> tuple[str, str]:
    at = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
    if at is None:
        end = "it ends here" if len(new) < len(old) else "it goes on from here"
        return f"byte {offset + min(len(old), len(new))}", end
    return f"byte {offset + at}", f"was 0x{old[at]:02x} and is 0x{new[at]:02x}"


def _pairs(old: Iterator[bytes], new: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield pieces of two streams, of equal length except where one of them ends."""
    a, b = next(old, b""), next(new, b"")
    while a or b:
        size = min(len(a), len(b)) or max(len(a), len(b))
        yield a[:size], b[:size]
        a, b = a[size:] or next(old, b""), b[size:] or next(new, b"")
