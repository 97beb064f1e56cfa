"""Sqlite: one database file, for all threads of this process; other processes have their own.

WAL mode with synchronous=FULL: what `change` returned from survives power loss. What is in the
file is said by who opens it: engine/database.py and engine/store/index.py. A file in a directory
that cannot be written, as on a disk mounted read-only, can be read and refuses every change.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

from engine.durable import reached
from engine.errors import Damaged, Refused, Unavailable
from engine.faults import PRIMARY, of_sqlite
from engine.locks import in_use, locked
from engine.values import dataclass

OPENING: Final = "opening.lock"  # beside the file: held while it is opened, or replaced
MENDED: Final = ".mended"  # behind the file's name: what is to take its place (salvage.py)
CHUNK: Final = 500  # values of one IN (...): SQLite takes 32 766, more than some gain nothing

_BUSY_S: Final = 60.0  # a commit of another process takes milliseconds; gc sweeps in short batches
_TRY_MS: Final = 200  # while SQLite waits no Ctrl-C is heard, so it is asked again and again

Row = tuple[Any, ...]
Fill = Callable[[sqlite3.Connection], None]


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of a file, and what is said of it when it fails."""

    versions: tuple[str, ...]  # the statements that make each version of the one before it
    what: str  # as "the store's index"
    when_damaged: str  # what to do then

    @property
    def version(self) -> int:
        """The version that this program makes."""
        return len(self.versions)


class Sqlite:
    """One connection to read and one to write."""

    def __init__(self, path: Path, schema: Schema, fill: Fill | None = None) -> None:
        """Open the file at `path`; one that is made is filled by `fill` in the same commit.

        Raises: Unavailable when it cannot be opened; Refused when a newer version made it; Damaged
        when it is being made anew: what is written to it would be lost.
        """
        self.path = path
        self._schema = schema
        self._read_lock = threading.RLock()
        self._write_lock = threading.RLock()
        self.read_only = is_read_only(path)
        with self._translated(UnicodeDecodeError), ExitStack() as opened:
            if self.read_only:
                self._writer = opened.enter_context(closing(self._connect()))
                self._check_version()
            else:
                with locked(path.parent / OPENING):  # turning WAL on does not wait for others
                    opened.enter_context(in_use(path))
                    self._check_replaced()
                    self._writer = opened.enter_context(closing(self._connect()))
                    self._writer.execute("PRAGMA journal_mode = WAL")
                    self._prepare(fill)
                    reached("database.opened")
                self._writer.execute("PRAGMA synchronous = FULL")  # a commit survives power loss
                self._writer.execute(f"PRAGMA busy_timeout = {_TRY_MS}")
            self._reader = opened.enter_context(closing(self._connect()))
            self._opened = opened.pop_all()

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query.

        Raises: Unavailable when the file cannot be read; Damaged when it is corrupt.
        """
        with self._translated(UnicodeDecodeError), self._read_lock:
            return self._reader.execute(query, values).fetchall()

    def scan(self, query: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """Yield the rows of a long query from one snapshot, holding nobody up.

        Text that is not UTF-8, because it is damaged, comes with lone surrogates in it.

        Raises: as rows, where such text is Damaged.
        """
        with self._translated(UnicodeDecodeError):
            connection = self._connect()
            connection.text_factory = _lenient
            try:
                yield from connection.execute(query, values)
            finally:
                connection.close()

    @contextmanager
    def still(self) -> Iterator[None]:
        """Have all `rows` in a block come from one moment, whatever others write; threads wait.

        One within another is part of it. Raises: as rows.
        """
        with self._translated(), self._read_lock:
            if self._reader.in_transaction:
                yield
                return
            self._reader.execute("BEGIN")
            try:
                yield
            finally:
                self._reader.execute("ROLLBACK")

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock over a block of changes: all of them are durable, or none is made.

        One within another, in the same thread, is part of it.

        Raises: Unavailable on a full disk or a busy file; Damaged when it is corrupt.
        """
        with self._write_lock, self._translated():
            if self.read_only:
                raise self._unwritable(f"{self._schema.what} can only be read here")
            if self._writer.in_transaction:
                yield self._writer
                return
            try:
                self._begin()
                yield self._writer
                reached("database.changed")
                self._writer.execute("COMMIT")
                reached("database.committed")
            except BaseException:  # an interruption too: all of a change, or none
                if self._writer.in_transaction:  # a full disk has already rolled it back
                    self._writer.execute("ROLLBACK")
                raise

    def _begin(self) -> None:
        """Take the write lock of the file, waiting for whoever has it."""
        until = time.monotonic() + _BUSY_S
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & PRIMARY == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() > until:
                    raise
            else:
                return

    def close(self) -> None:
        """Close the file; the last process to do so folds the log into it."""
        self._opened.close()

    def _connect(self) -> sqlite3.Connection:
        if self.read_only and not self.path.exists():
            raise self._unwritable(f"{self._schema.what} is not here, and cannot be made")
        return connect(self.path, read_only=self.read_only)

    def _unwritable(self, what: str) -> Unavailable:
        fix = "make its directory writable for you, or name another home with --home or TALLY_HOME"
        return Unavailable(what, where=str(self.path), fix=fix)

    def _check_version(self) -> int:
        version: int = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if version > self._schema.version:
            raise Refused(
                f"{self._schema.what} was made by a newer Tallystick (version {version})",
                where=str(self.path),
                fix="install that version, or name another directory with TALLY_HOME",
            )
        return version

    def _check_replaced(self) -> None:
        if self.path.with_name(self.path.name + MENDED).exists():
            what = f"{self._schema.what} is damaged, and its repair was interrupted"
            raise Damaged(what, where=str(self.path), fix=self._schema.when_damaged)

    def _prepare(self, fill: Fill | None) -> None:
        version = self._check_version()
        if version == self._schema.version:
            return
        with self.change() as change:
            for statements in self._schema.versions[version:]:
                for statement in _statements(statements):
                    change.execute(statement)
            if version == 0 and fill is not None:
                fill(change)
            change.execute(f"PRAGMA user_version = {self._schema.version}")

    @contextmanager
    def _translated(self, *also: type[UnicodeDecodeError]) -> Iterator[None]:
        """Say what an error of SQLite means; `also`: one whose words quote bytes of the file."""
        errors: tuple[type[sqlite3.Error | UnicodeDecodeError], ...] = (sqlite3.Error, *also)
        try:
            yield
        except errors as error:
            raise of_sqlite(
                error, self.path, self._schema.what, self._schema.when_damaged
            ) from error


def is_read_only(path: Path) -> bool:
    """Return whether nothing can be made beside a file."""
    return path.parent.is_dir() and not os.access(path.parent, os.W_OK)


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Return a connection; one that is read-only makes nothing beside the file.

    https://sqlite.org/wal.html#read_only_databases. Raises: sqlite3.Error.
    """
    name = path.absolute().as_uri()
    if read_only:
        live = path.with_name(path.name + "-wal").exists()
        name += "?mode=ro" if live else "?mode=ro&immutable=1"
    return sqlite3.connect(
        name, timeout=_BUSY_S, isolation_level=None, check_same_thread=False, uri=True
    )


def _statements(text: str) -> Iterator[str]:
    """Yield the statements of a script; a trigger has some within it."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _lenient(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
