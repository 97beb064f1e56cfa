"""Table: the index's tables, and the statements that change blocks and places in them.

A statement here is part of a change that somebody else begins and commits.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.content.cid import Cid
from engine.store.base import Leaf
from engine.store.place import PACK, Place, Signature, Slice

_TABLES: Final = """
CREATE TABLE clock (last INTEGER NOT NULL);
INSERT INTO clock VALUES (0);
CREATE TABLE places (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name BLOB NOT NULL, root BLOB,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL, UNIQUE (kind, name));
CREATE INDEX places_by_root ON places (root) WHERE root IS NOT NULL;
CREATE TABLE blocks (
    cid BLOB, place INTEGER, offset INTEGER, length INTEGER NOT NULL, stamp INTEGER NOT NULL,
    PRIMARY KEY (cid, place, offset)) WITHOUT ROWID;
CREATE TABLE pins (name TEXT, cid BLOB, PRIMARY KEY (name, cid)) WITHOUT ROWID;
CREATE TABLE leases (id TEXT PRIMARY KEY, stamp INTEGER NOT NULL, expires INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE TABLE held (lease TEXT, cid BLOB, PRIMARY KEY (lease, cid)) WITHOUT ROWID;
"""
# Another mark whenever a copy of a block was given up: what was whole then may not be any more.
_MARK: Final = """
CREATE TABLE mark (only INTEGER PRIMARY KEY CHECK (only = 1), mark BLOB NOT NULL);
INSERT INTO mark VALUES (1, randomblob(16));
CREATE TRIGGER block_lost AFTER DELETE ON blocks
    BEGIN UPDATE mark SET mark = randomblob(16); END;
"""
VERSIONS: Final = (_TABLES, _MARK)
# SOLID places only: what is borrowed may go, so it does not count as kept
KEPT: Final = """SELECT cid, max(stamp) FROM blocks JOIN places ON number = place
    WHERE kind IN ('pack', 'whole', 'salvage') AND cid IN ({}) GROUP BY cid"""
_TOUCH: Final = """UPDATE blocks SET stamp = ? WHERE cid = ? AND place IN
    (SELECT number FROM places WHERE kind IN ('pack', 'whole', 'salvage'))"""
_INSERT: Final = "INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?)"
PLACE: Final = "SELECT number, kind, name, root, size, mtime_ns, inode FROM places "


def place_of(row: tuple[Any, ...]) -> Place:
    """Return the place in a row of the table."""
    return Place(row[0], row[1], row[2], row[3], Signature(row[4], row[5], row[6]))


def tick(change: sqlite3.Connection, now_ms: int) -> int:
    """Return the stamp of this change: the time in ms, but always after every earlier change's.

    Stamps order the changes of all processes, because they are taken under the write lock; a clock
    that jumps back makes blocks look fresher, which only keeps them longer.
    """
    query = "UPDATE clock SET last = max(last + 1, ?) RETURNING last"
    stamp: int = change.execute(query, (now_ms,)).fetchall()[0][0]  # all: else it stays open
    return stamp


def add_place(
    change: sqlite3.Connection, kind: str, name: bytes, root: Cid | None, signature: Signature
) -> int:
    """Insert a place and return its number."""
    inserted = change.execute(
        "INSERT INTO places (kind, name, root, size, mtime_ns, inode) VALUES (?, ?, ?, ?, ?, ?) "
        "RETURNING number",
        (kind, name, root and root.raw, *signature),
    )
    number: int = inserted.fetchall()[0][0]
    return number


def drop_place(change: sqlite3.Connection, number: int) -> None:
    """Delete a place and all that lies in it."""
    change.execute("DELETE FROM blocks WHERE place = ?", (number,))
    change.execute("DELETE FROM places WHERE number = ?", (number,))


def drop_slice(change: sqlite3.Connection, cid: Cid, at: Slice) -> None:
    """Delete one copy of one block."""
    change.execute(
        "DELETE FROM blocks WHERE cid = ? AND place = ? AND offset = ?",
        (cid.raw, at.place, at.offset),
    )


def insert_leaves(
    change: sqlite3.Connection, number: int, leaves: Sequence[Leaf], stamp: int
) -> None:
    """Say that these blocks lie in place `number`."""
    rows = [(leaf.cid.raw, number, leaf.offset, leaf.length, stamp) for leaf in leaves]
    change.executemany(_INSERT, rows)


def insert_slices(change: sqlite3.Connection, slices: Mapping[Cid, Slice], stamp: int) -> None:
    """Say where blocks lie that were appended to packs, and how far those are durable with them."""
    rows = [(cid.raw, at.place, at.offset, at.length, stamp) for cid, at in slices.items()]
    change.executemany(_INSERT, rows)
    _set_ends(change, slices)


def redirect(change: sqlite3.Connection, slices: Mapping[Cid, Slice], place: int) -> None:
    """Let blocks lie in new slices instead of in `place`; they stay as fresh as they were."""
    change.executemany(
        "INSERT OR IGNORE INTO blocks SELECT cid, ?, ?, ?, max(stamp) FROM blocks "
        "WHERE cid = ? AND place = ? GROUP BY cid",
        [(at.place, at.offset, at.length, cid.raw, place) for cid, at in slices.items()],
    )
    dropped = [(cid.raw, place) for cid in slices]
    change.executemany("DELETE FROM blocks WHERE cid = ? AND place = ?", dropped)
    _set_ends(change, slices)


def touch(change: sqlite3.Connection, cid: Cid, stamp: int) -> bool:
    """Make a block that the store itself keeps count as put just now; False when it is not here."""
    return change.execute(_TOUCH, (stamp, cid.raw)).rowcount > 0


def drop_packed(change: sqlite3.Connection, leaves: Sequence[Leaf]) -> None:
    """Give up the copies of blocks that lie in packs: they lie somewhere better now."""
    change.executemany(
        "DELETE FROM blocks WHERE cid = ? AND place IN (SELECT number FROM places WHERE kind = ?)",
        [(leaf.cid.raw, PACK) for leaf in leaves],
    )


def _set_ends(change: sqlite3.Connection, slices: Mapping[Cid, Slice]) -> None:
    """Say how far packs are durable."""
    ends: dict[int, int] = {}
    for at in slices.values():
        ends[at.place] = max(ends.get(at.place, 0), at.offset + at.length)
    rows = [(end, number) for number, end in ends.items()]
    change.executemany("UPDATE places SET size = ? WHERE number = ?", rows)
