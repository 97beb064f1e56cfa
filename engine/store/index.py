"""Index: which block lies where. The store's SQLite file, and the only SQL on blocks and places.

Measured: a table WITHOUT ROWID on the binary CID takes 19-29 us a row in batches of 100 and half
the space of a rowid table with an index, and finds a block in 4.5 us. There is no index by place:
what walks a place (fsck, gc, a damaged file) scans the table, and is rare.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from engine.content.cid import Cid
from engine.errors import Refused
from engine.store.base import Leaf
from engine.store.faults import of_sqlite
from engine.store.locks import locked
from engine.store.place import PACK, Place, Signature, Slice

_BUSY_S: Final = 60.0  # a commit of another process takes milliseconds; gc sweeps in short batches
_VERSION: Final = 1
_SCHEMA: Final = """
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
_PLACE: Final = "SELECT number, kind, name, root, size, mtime_ns, inode FROM places "

Row = tuple[Any, ...]


class Index:
    """The index of one store, for all threads of this process; other processes have their own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._translated():
            with locked(path.parent / "opening.lock"):  # turning WAL on does not wait for others
                self._writer = self._connect()
                self._writer.execute("PRAGMA journal_mode = WAL")
                self._prepare()
            self._writer.execute("PRAGMA synchronous = FULL")  # a commit survives power loss
            self._reader = self._connect()
        self._read_lock = threading.Lock()
        self._write_lock = threading.RLock()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )

    def _prepare(self) -> None:
        version = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise Refused(
                f"this store was made by a newer Tallystick (index version {version})",
                where=str(self.path),
                fix="install that version, or name another directory with TALLY_HOME",
            )
        if version == 0:
            self._writer.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version={_VERSION};COMMIT;")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise of_sqlite(error, self.path) from error

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query."""
        with self._translated(), self._read_lock:
            return self._reader.execute(query, values).fetchall()

    def scan(self, query: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """Yield the rows of a long query from one snapshot, holding nobody up."""
        with self._translated():
            connection = self._connect()
            try:
                yield from connection.execute(query, values)
            finally:
                connection.close()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock over a block of changes: all of them are durable, or none is made.

        One within another, in the same thread, is part of it.

        Raises: Unavailable on a full disk or a busy index; Damaged when it cannot be read.
        """
        with self._write_lock, self._translated():
            if self._writer.in_transaction:
                yield self._writer
                return
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # a full disk has already rolled it back
                    self._writer.execute("ROLLBACK")
                raise

    def find(self, cid: Cid) -> list[Slice]:
        """Return every place where a block lies."""
        query = "SELECT place, offset, length FROM blocks WHERE cid = ?"
        return [Slice(*row) for row in self.rows(query, (cid.raw,))]

    def place(self, number: int) -> Place | None:
        """Return a place by its number."""
        return next(iter(self.places("WHERE number = ?", (number,))), None)

    def places(self, where: str = "", values: Sequence[object] = ()) -> list[Place]:
        """Return the places for which a condition holds."""
        return [place_of(row) for row in self.rows(_PLACE + where, values)]

    def close(self) -> None:
        """Close the file; the last one to do so folds the log into it."""
        self._reader.close()
        self._writer.close()


def place_of(row: Row) -> Place:
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
    change.executemany("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?)", rows)


def drop_packed(change: sqlite3.Connection, leaves: Sequence[Leaf]) -> None:
    """Give up the copies of blocks that lie in packs: they lie somewhere better now."""
    change.executemany(
        "DELETE FROM blocks WHERE cid = ? AND place IN (SELECT number FROM places WHERE kind = ?)",
        [(leaf.cid.raw, PACK) for leaf in leaves],
    )
