"""Salvage: a database file that is damaged, made anew from what can still be read of it.

The new file is whole and durable beside the old one before it takes its name; whoever is killed
in between goes on with it the next time, and until then nobody can open the old one (sqlite.py):
it says nothing that the new one does not. What was there is kept, under a name that says so.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from engine.durable import reached
from engine.errors import Refused
from engine.faults import PRIMARY, writing
from engine.folder import sync_names
from engine.locks import locked, unused
from engine.sqlite import MENDED, OPENING, Fill, Row, Schema, Sqlite, connect, is_read_only

Rows = Callable[[str], Iterator[Row]]  # of a table, as far as they can be read
Carry = Callable[[Rows, sqlite3.Connection], None]  # puts them in the new file

_DAMAGE: Final = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,  # as of a header whose file format does not exist
)
_LOGS: Final = ("-wal", "-shm")
_HEAD: Final = 4096  # bytes of the first page: SQLite's default since 2016, which nobody changed
_VALID_FOR: Final = slice(92, 96)  # of the header: another change than the last one, so that
_NEVER: Final = b"\xff" * 4  # SQLite takes the number of pages from the size of the file
_TABLES: Final = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def is_sound(path: Path) -> bool:
    """Return whether a database file can be read, all of it, or is still to be made."""
    if _mended(path).exists():
        return False
    if not path.exists():
        return True
    try:
        with closing(connect(path, read_only=is_read_only(path))) as connection:
            return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    except sqlite3.DatabaseError as error:  # one that cannot be looked at is not damaged for that
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)  # none: text, by Python
        return (code & PRIMARY) not in _DAMAGE


def carry_all(rows: Rows, new: sqlite3.Connection) -> None:
    """Put every row that can be read, and that the new file takes, in the new file."""
    for (table,) in new.execute(_TABLES).fetchall():
        marks = ",".join("?" * len(_columns(new, table)))
        for row in rows(table):
            new.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)  # noqa: S608


def salvage(
    path: Path, schema: Schema, fill: Fill | None = None, carry: Carry = carry_all
) -> Path | None:
    """Make a file anew unless it is sound; return where what it was is kept, or None.

    `fill` makes the new file, as always; `carry` then brings over what can be read of the old one.

    Raises: Unavailable while anybody uses it, or on a full disk; Refused when a newer version
    made it.
    """
    with writing(path.parent, 0), locked(path.parent / OPENING), unused(path):
        if is_sound(path):
            return None
        _check_version(path, schema)
        if not _mended(path).exists():
            _make(path, schema, fill, carry)
        return _put_in_place(path)


def _make(path: Path, schema: Schema, fill: Fill | None, carry: Carry) -> None:
    """Make the new file, durable, under the name that says that it is."""
    folder = path.with_name(f"{path.name}.mending")
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
    folder.mkdir(mode=0o700)
    fresh = Sqlite(folder / "new", schema, fill)
    try:
        old = _readable(path, folder / "old", fresh)
        with fresh.change() as change:
            carry(partial(_rows, old, change), change)
    finally:
        fresh.close()
    (folder / "new").rename(_mended(path))
    sync_names(path.parent)
    reached("salvage.made")
    shutil.rmtree(folder)


def _put_in_place(path: Path) -> Path:
    """Let the new file take the old one's name, which is never without a file."""
    places = (path.with_name(f"{path.name}.damaged-{number}") for number in count(1))
    kept = next(place for place in places if not place.exists())
    if path.exists():
        kept.hardlink_to(path)
    for log in _LOGS:  # they belong to the old file, and would spoil the new one
        if Path(f"{path}{log}").exists():
            Path(f"{path}{log}").rename(f"{kept}{log}")
    sync_names(path.parent)
    reached("salvage.cleared")
    _mended(path).rename(path)
    sync_names(path.parent)
    reached("salvage.named")
    return kept


def _mended(path: Path) -> Path:
    return path.with_name(path.name + MENDED)


def _readable(path: Path, copy: Path, fresh: Sqlite) -> Path:
    """Return a copy that can be opened: with the head of a new file where its own is broken."""
    for end in ("", _LOGS[0]):
        if Path(f"{path}{end}").exists():
            shutil.copyfile(f"{path}{end}", f"{copy}{end}")
    wanted = {name for (name,) in fresh.rows(_TABLES)}
    if not wanted <= _tables(copy):
        fresh.rows("PRAGMA wal_checkpoint(TRUNCATE)")  # or its pages are in its log alone
        with fresh.path.open("rb") as file:
            head = bytearray(file.read(_HEAD))
        head[_VALID_FOR] = _NEVER
        with copy.open("r+b" if copy.exists() else "w+b") as file:
            file.write(head)
    return copy


def _tables(path: Path) -> set[str]:
    try:
        with closing(sqlite3.connect(path)) as connection:
            return {name for (name,) in connection.execute(_TABLES)}
    except sqlite3.DatabaseError:
        return set()


def _rows(old: Path, new: sqlite3.Connection, table: str) -> Iterator[Row]:
    """Yield what can be read of a table: from its start to what is broken, and from its end."""
    keys = [column[1] for column in _columns(new, table) if column[5]] or ["rowid"]
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{key} {direction}" for key in keys)
        try:
            with closing(sqlite3.connect(old)) as connection:
                connection.text_factory = _text
                yield from connection.execute(f"SELECT * FROM {table} ORDER BY {order}")  # noqa: S608
        except sqlite3.DatabaseError:
            continue
        return


def _columns(connection: sqlite3.Connection, table: str) -> list[Row]:
    return connection.execute(f"PRAGMA table_info({table})").fetchall()


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")  # what is no text is for rowcheck.py to judge


def _check_version(path: Path, schema: Schema) -> None:
    """Leave a file of a newer version alone, as far as it can say that it is one."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError:
        return
    if version > schema.version:
        fix = "install that version, or name another directory with TALLY_HOME"
        raise Refused(f"{schema.what} was made by a newer Tallystick", where=str(path), fix=fix)
