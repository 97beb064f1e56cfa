"""Index: which block lies where. The store's SQLite file, and the only SQL on blocks and places.

Measured: a table WITHOUT ROWID on the binary CID takes 19-29 us a row in batches of 100 and half
the space of a rowid table with an index, and finds a block in 4.5 us. There is no index by place:
what walks a place (fsck, gc, a damaged file) scans the table, and is rare.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from engine.content.cid import Cid
from engine.errors import Refused
from engine.store.faults import of_sqlite
from engine.store.locks import locked
from engine.store.place import Place, Slice
from engine.store.table import PLACE, SCHEMA, VERSION, place_of

_BUSY_S: Final = 60.0  # a commit of another process takes milliseconds; gc sweeps in short batches

Row = tuple[Any, ...]
Recover = Callable[[sqlite3.Connection], None]


class Index:
    """The index of one store, for all threads of this process; other processes have their own."""

    def __init__(self, path: Path, recover: Recover) -> None:
        """Open the index at `path`; one that is made is filled by `recover` in the same commit."""
        self.path = path
        self._read_lock = threading.Lock()
        self._write_lock = threading.RLock()
        with self._translated():
            with locked(path.parent / "opening.lock"):  # turning WAL on does not wait for others
                self._writer = self._connect()
                self._writer.execute("PRAGMA journal_mode = WAL")
                self._prepare(recover)
            self._writer.execute("PRAGMA synchronous = FULL")  # a commit survives power loss
            self._reader = self._connect()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )

    def _prepare(self, recover: Recover) -> None:
        version = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise Refused(
                f"this store was made by a newer Tallystick (index version {version})",
                where=str(self.path),
                fix="install that version, or name another directory with TALLY_HOME",
            )
        if version == 0:
            with self.change() as change:
                for statement in SCHEMA.split(";"):
                    change.execute(statement)
                recover(change)
                change.execute(f"PRAGMA user_version = {VERSION}")

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
        return [place_of(row) for row in self.rows(PLACE + where, values)]

    def close(self) -> None:
        """Close the file; the last one to do so folds the log into it."""
        self._reader.close()
        self._writer.close()
