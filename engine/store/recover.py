"""Recover: makes the index again from packs and whole files, when it is lost or was damaged.

It happens in the transaction that makes a new index, so nobody sees half of it, and no gc takes
packs for leftovers. Every byte is read and checked; what is damaged is left out, as if it had not
been put. Pins come from their log. Leases are lost, and what was borrowed from elsewhere unless
the old index can still be read (carry_over).
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

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

_PREFIX: Final = re.compile(rb"\x01[\x55\x70\x71][\x1e\x12]\x20")  # of every CID (content/cid.py)
_PREFIX_BYTES: Final = 4
_WINDOW: Final = 1024 * 1024  # bytes read at once in search of one


def recover(change: sqlite3.Connection, root: Path, now_ms: int) -> None:
    """Put into an empty index what lies in the store at `root`, as if it was put just now."""
    stamp = tick(change, now_ms)
    for pack in sorted(root.glob("packs/????????.pack")):
        _pack(change, pack, stamp)
    for file in sorted(root.glob("files/??/*")):
        take_file(change, file, root / "packs", stamp)
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
    """Yield the blocks of a pack that are what they say, skipping what is damaged."""
    with path.open("rb", buffering=0) as file:
        at: int | None = 0
        while at is not None:
            leaf = _leaf(file.fileno(), at)
            if leaf is None:
                at = _next_header(file.fileno(), at + 1)
            else:
                yield leaf
                at = leaf.offset + leaf.length


def _leaf(pack: int, at: int) -> Leaf | None:
    """Return the block whose header is at `at`, if there is one."""
    header = os.pread(pack, HEADER, at)
    length = int.from_bytes(header[BYTES:], "big")
    if len(header) < HEADER or length > MAX_BLOCK:
        return None
    try:
        cid = Cid.from_bytes(header[:BYTES])
    except Refused:
        return None
    data = os.pread(pack, length, at + HEADER)
    is_right = len(data) == length and cid.matches(data)
    return Leaf(cid, at + HEADER, length) if is_right else None


def _next_header(pack: int, at: int) -> int | None:
    """Return where the next thing is that begins as a CID does; None when nothing does."""
    while len(window := os.pread(pack, _WINDOW, at)) >= _PREFIX_BYTES:
        found = _PREFIX.search(window)
        if found is not None:
            return at + found.start()
        at += len(window) - _PREFIX_BYTES + 1
    return None


def take_file(change: sqlite3.Connection, path: Path, packs: Path, stamp: int) -> None:
    """Index a whole file if it is all that its name says."""
    try:
        root = Cid.parse(path.name)
        leaves = list(_leaves(change, packs, root, path.stat().st_size))
    except (Damaged, Refused):
        return
    status = path.stat()
    if sum(leaf.length for leaf in leaves) == status.st_size and _match(path, leaves):
        name = f"{path.parent.name}/{path.name}"
        number = add_place(change, WHOLE, os.fsencode(name), root, Signature.of(status))
        insert_leaves(change, number, leaves, stamp)


def _leaves(change: sqlite3.Connection, packs: Path, root: Cid, size: int) -> Iterator[Leaf]:
    """Yield the leaves below a UnixFS file's root, in order; one of a raw block is its own."""
    offset, waiting = 0, [dagpb.Link("", root, size)]
    while waiting:
        link = waiting.pop()
        if link.cid.codec == RAW:
            yield Leaf(link.cid, offset, link.tsize)
            offset += link.tsize
        elif link.cid.codec == DAG_PB:
            waiting += reversed(dagpb.decode(_packed(change, packs, link.cid))[0])
        if offset > size:
            raise Damaged("more leaves than bytes", where=str(root))


def _packed(change: sqlite3.Connection, packs: Path, cid: Cid) -> bytes:
    query = """SELECT number, offset, length, name FROM blocks JOIN places ON number = place
        WHERE cid = ? AND kind = 'pack'"""
    for number, offset, length, name in change.execute(query, (cid.raw,)).fetchall():
        at = Slice(number, offset, length)
        with (packs / os.fsdecode(name)).open("rb") as file:
            return os.pread(file.fileno(), at.length, at.offset)
    raise Damaged("a node is not here", where=str(cid))


def _match(path: Path, leaves: list[Leaf]) -> bool:
    with path.open("rb") as file:
        return all(leaf.cid.matches(file.read(leaf.length)) for leaf in leaves)
