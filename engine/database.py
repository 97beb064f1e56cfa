"""Database: state.db, what this machine knows besides content: the memo and the runs.

SQLite in WAL mode with synchronous=FULL: what `change` returned from survives power loss. Safe
for many threads and processes. The only file that opens it; memo.py and journal.py have the SQL.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from engine.errors import Damaged, Refused, TallyError, Unavailable

Row = tuple[Any, ...]

_BUSY_S: Final = 60.0  # a commit of another process takes milliseconds
_VERSION: Final = 1
_PRIMARY: Final = 0xFF  # an extended SQLite code keeps the primary one in its low byte
_SCHEMA: Final = """
CREATE TABLE memo (
    key BLOB, result BLOB, attestation BLOB NOT NULL, signed BLOB, signer BLOB,
    place INTEGER NOT NULL,
    PRIMARY KEY (key, result, signer)) WITHOUT ROWID;
CREATE TABLE disowned (signer BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE runs (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, work BLOB NOT NULL, workflow BLOB NOT NULL,
    title TEXT NOT NULL, parameters TEXT NOT NULL, status TEXT NOT NULL,
    created_ms INTEGER NOT NULL, finished_ms INTEGER, run BLOB, cancel INTEGER NOT NULL DEFAULT 0);
CREATE INDEX runs_by_work ON runs (work);
CREATE TABLE run_steps (
    run TEXT, step TEXT, idx INTEGER, status TEXT NOT NULL, key BLOB, result BLOB,
    attestation BLOB, signed BLOB, wall_ms INTEGER NOT NULL, stdout BLOB, stderr BLOB,
    note TEXT NOT NULL,
    PRIMARY KEY (run, step, idx)) WITHOUT ROWID;
"""


class Database:
    """One connection to read and one to write, for all threads of this process."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`, made when absent; its directory exists.

        Raises: Unavailable when it cannot be opened; Refused when a newer version made it.
        """
        self.path = path
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        with self._translated():
            self._writer = self._connect()
            self._writer.execute("PRAGMA journal_mode = WAL")
            self._writer.execute("PRAGMA synchronous = FULL")
            self._prepare()
            self._reader = self._connect()

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query.

        Raises: Unavailable when the file cannot be read; Damaged when it is corrupt.
        """
        with self._read_lock, self._translated():
            return self._reader.execute(query, values).fetchall()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock over a block of changes: all of them are durable, or none is made.

        Raises: Unavailable on a full disk or a busy file; Damaged when it is corrupt.
        """
        with self._write_lock, self._translated():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # a full disk has already rolled it back
                    self._writer.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file; the last process to do so folds the log into it."""
        self._reader.close()
        self._writer.close()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )

    def _prepare(self) -> None:
        """Make the tables, in one transaction that only one of several processes gets to make."""
        self._writer.execute("BEGIN IMMEDIATE")
        version = self._writer.execute("PRAGMA user_version").fetchone()[0]
        for statement in _SCHEMA.split(";") if version == 0 else ():
            self._writer.execute(statement)
        self._writer.execute(f"PRAGMA user_version = {max(version, _VERSION)}")
        self._writer.execute("COMMIT")
        if version > _VERSION:
            raise Refused(
                f"this directory was made by a newer Tallystick (state version {version})",
                where=str(self.path),
                fix="install that version, or name another directory with TALLY_HOME",
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _translate(error, self.path) from error


def _translate(error: sqlite3.Error, path: Path) -> TallyError:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        fix = "move it away: what is recorded of runs is lost, content and bundles are not"
        return Damaged(f"the record of runs is damaged: {error}", where=str(path), fix=fix)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        what = "another tally process has kept the record of runs busy for too long"
        return Unavailable(what, where=str(path), fix="run the command again")
    fix = "check the disk and the owner of this file, then run the command again"
    return Unavailable(f"the record of runs cannot be used: {error}", where=str(path), fix=fix)
