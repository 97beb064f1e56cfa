"""Recover: makes the index again from packs and whole files, when it is lost or was damaged.

It happens in the transaction that makes a new index, so nobody sees half of it, and no gc takes
packs for leftovers. Every byte is read and checked; what is damaged is left out, as if it had not
been put. Pins come from their log. Leases are lost, and what was borrowed from elsewhere unless
the old index can still be read (carry_over).
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from engine.content import dagpb
from engine.content.blocks import MAX_BLOCK
from engine.content.cid import BYTES, DAG_PB, RAW, Cid
from engine.durable import reached
from engine.errors import Damaged, Refused
from engine.salvage import salvage
from engine.sqlite import Row
from engine.store.base import Leaf
from engine.store.index import SCHEMA
from engine.store.packs import HEADER, PACK_SIZE
from engine.store.pinlog import PinLog
from engine.store.place import PACK, WHOLE, Signature, Slice
from engine.store.table import add_place, insert_leaves, place_of, tick
from engine.values import dataclass

Query = Callable[[str, Sequence[Any]], Iterable[Row]]  # asks an index

_PREFIX: Final = re.compile(rb"\x01[\x55\x70\x71][\x1e\x12]\x20")  # of every CID (content/cid.py)
_PREFIX_BYTES: Final = 4
_WASTE: Final = PACK_SIZE  # bytes: of a pack that nobody forged, none is read in vain twice
_FIRST_WINDOW: Final = 4096  # bytes read first in search of one, for there may be many,
_WINDOW: Final = 1024 * 1024  # and then at once


def recover(change: sqlite3.Connection, root: Path, now_ms: int) -> None:
    """Put into an empty index what lies in the store at `root`, as if it was put just now."""
    stamp = tick(change, now_ms)
    for pack in sorted(root.glob("packs/????????.pack")):
        _pack(change, pack, stamp)
    for file in sorted(root.glob("files/??/*")):
        found = found_file(change.execute, file, root / "packs")
        if found is not None:
            enter_file(change, found, stamp)
    pins = [(name, cid.raw) for name, cid in PinLog(root).read()]
    change.executemany("INSERT OR IGNORE INTO pins VALUES (?, ?)", pins)
    reached("index.found")


def salvage_index(root: Path, now_ms: int) -> Path | None:
    """Make the index of the store at `root` again unless it is sound; return where it is kept.

    Raises: Unavailable while a process uses it, or on a full disk.
    """
    fill = partial(recover, root=root, now_ms=now_ms)
    return salvage(root / "index.db", SCHEMA, fill, _carry_over)


def _carry_over(rows: Callable[[str], Iterator[Row]], change: sqlite3.Connection) -> None:
    """Put in a new index what a damaged one alone can say: pins, and what was borrowed.

    Whether bytes are where it says is seen when they are read.
    """
    stamp = tick(change, 0)
    for pin in rows("pins"):
        change.execute("INSERT OR IGNORE INTO pins VALUES (?, ?)", pin)
    numbers: dict[int, int] = {}
    for row in rows("places"):
        place = place_of(row)
        if not place.solid:
            root = None if place.root is None else Cid(place.root)
            numbers[place.number] = add_place(change, place.kind, place.name, root, place.signature)
    for raw, number, offset, length, _ in rows("blocks"):
        if number in numbers:
            leaf = Leaf(Cid(raw), offset, length)
            insert_leaves(change, numbers[number], [leaf], stamp)


def _pack(change: sqlite3.Connection, path: Path, stamp: int) -> None:
    leaves = list(framed(path))
    end = max((leaf.offset + leaf.length for leaf in leaves), default=0)
    if end != path.stat().st_size:
        end = PACK_SIZE  # full: nothing is to be appended behind what cannot be read
    number = add_place(change, PACK, path.name.encode(), None, Signature(end, 0, 0))
    insert_leaves(change, number, leaves, stamp)


def framed(path: Path) -> Iterator[Leaf]:
    """Yield the blocks of a pack that are what they say, skipping what is damaged.

    What a block holds may look like headers that claim much. Once more was read in vain than a
    pack has, as many bytes are skipped as one block can hold.
    """
    with path.open("rb", buffering=0) as file:
        at: int | None = 0
        wasted = 0
        while at is not None:
            claim = _claim(file.fileno(), at)
            if claim is not None and _is_right(file.fileno(), claim):
                yield claim
                at = claim.offset + claim.length
                continue
            wasted += claim.length if claim is not None else 0
            if wasted > _WASTE:
                at, wasted = at + MAX_BLOCK, 0
            at = _next_header(file.fileno(), at + 1)


def _claim(pack: int, at: int) -> Leaf | None:
    """Return the block that a header at `at` tells of, if there is one and it can be there."""
    header = os.pread(pack, HEADER, at)
    length = int.from_bytes(header[BYTES:], "big")
    if len(header) < HEADER or length > MAX_BLOCK:
        return None
    if at + HEADER + length > os.fstat(pack).st_size:
        return None
    try:
        return Leaf(Cid.from_bytes(header[:BYTES]), at + HEADER, length)
    except Refused:
        return None


def _is_right(pack: int, leaf: Leaf) -> bool:
    data = os.pread(pack, leaf.length, leaf.offset)
    return len(data) == leaf.length and leaf.cid.matches(data)


def _next_header(pack: int, at: int) -> int | None:
    """Return where the next thing is that begins as a CID does; None when nothing does."""
    length = _FIRST_WINDOW
    while len(window := os.pread(pack, length, at)) >= _PREFIX_BYTES:
        found = _PREFIX.search(window)
        if found is not None:
            return at + found.start()
        at += len(window) - _PREFIX_BYTES + 1
        length = _WINDOW
    return None


@dataclass(frozen=True, slots=True)
class Found:
    """A whole file that is all that its name says."""

    name: bytes  # below files/
    root: Cid
    leaves: tuple[Leaf, ...]
    signature: Signature


def found_file(query: Query, path: Path, packs: Path) -> Found | None:
    """Return what a whole file is, all of it read; None when it is damaged, or gone by now."""
    try:
        root = Cid.parse(path.name)
        signature = Signature.of(path.stat())
        leaves = tuple(_leaves(query, packs, root, signature.size))
        is_right = sum(leaf.length for leaf in leaves) == signature.size and _match(path, leaves)
    except (Damaged, Refused, OSError):
        return None
    name = os.fsencode(f"{path.parent.name}/{path.name}")
    return Found(name, root, leaves, signature) if is_right else None


def enter_file(change: sqlite3.Connection, found: Found, stamp: int) -> None:
    """Index a whole file."""
    number = add_place(change, WHOLE, found.name, found.root, found.signature)
    insert_leaves(change, number, found.leaves, stamp)


def _leaves(query: Query, packs: Path, root: Cid, size: int) -> Iterator[Leaf]:
    """Yield the leaves below a UnixFS file's root, in order; one of a raw block is its own."""
    offset, waiting = 0, [dagpb.Link("", root, size)]
    while waiting:
        link = waiting.pop()
        if link.cid.codec == RAW:
            yield Leaf(link.cid, offset, link.tsize)
            offset += link.tsize
        elif link.cid.codec == DAG_PB:
            waiting += reversed(dagpb.decode(_packed(query, packs, link.cid))[0])
        if offset > size:
            raise Damaged("more leaves than bytes", where=str(root))


def _packed(query: Query, packs: Path, cid: Cid) -> bytes:
    places = """SELECT number, offset, length, name FROM blocks JOIN places ON number = place
        WHERE cid = ? AND kind = 'pack'"""
    for number, offset, length, name in list(query(places, (cid.raw,))):
        at = Slice(number, offset, length)
        with (packs / os.fsdecode(name)).open("rb") as file:
            return os.pread(file.fileno(), at.length, at.offset)
    raise Damaged("a node is not here", where=str(cid))


def _match(path: Path, leaves: Sequence[Leaf]) -> bool:
    with path.open("rb") as file:
        return all(leaf.cid.matches(file.read(leaf.length)) for leaf in leaves)
