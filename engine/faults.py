"""Faults: what is said when a disk or SQLite fails us, in one translation.

A full disk is Unavailable and says how much is needed: nothing that was stored is harmed, and
everything works again as soon as there is space.
"""

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from engine.errors import Damaged, TallyError, Unavailable

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOT_TEXT: Final = "Could not decode to UTF-8"  # what Python's sqlite3 says, without a code
_TO_OPEN: Final = 64 * 1024  # bytes
PRIMARY: Final = 0xFF  # an extended SQLite code keeps the primary one in its low byte


@contextmanager
def writing(root: Path, needed: int) -> Iterator[None]:
    """Translate what goes wrong while `needed` bytes are written below `root`.

    Raises: Unavailable for any failure of the file system.
    """
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise disk_full(root, needed) from error
        raise Unavailable(
            f"the store cannot be written: {error.strerror}",
            where=str(error.filename or root),
            fix="check the disk and the owner of this directory, then run the command again",
        ) from error


def is_full(error: OSError) -> bool:
    """Return whether a disk has no room, or a quota is used up."""
    return error.errno in _FULL


def disk_full(root: Path, needed: int) -> Unavailable:
    """Return the error for a disk with no space for `needed` more bytes."""
    try:
        free = shutil.disk_usage(root).free
    except OSError:
        free = 0
    more = max(needed - free, 1)
    return Unavailable(
        f"the disk is full: {needed} bytes are to be written and {free} are free",
        where=str(root),
        fix=f"free at least {more} bytes, or run `tally gc`, then run the command again",
    )


def _is_full(folder: Path) -> bool:
    """Return whether there is no room for what SQLite needs to open a file: its shared memory."""
    try:
        return shutil.disk_usage(folder).free < _TO_OPEN
    except OSError:
        return False


def of_sqlite(
    error: sqlite3.Error | UnicodeDecodeError, path: Path, what: str, when_damaged: str
) -> TallyError:
    """Return what an error of SQLite means for the caller; the file at `path` is called `what`."""
    code = getattr(error, "sqlite_errorcode", 0) & PRIMARY
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(path.parent)):
        return disk_full(path.parent, 1024 * 1024)  # a commit writes well under this
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        busy = f"another tally process has kept {what} busy for too long"
        return Unavailable(busy, where=str(path), fix="run the command again")
    is_no_text = isinstance(error, UnicodeDecodeError) or _NOT_TEXT in str(error)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or is_no_text:
        return Damaged(f"{what} is damaged: {error}", where=str(path), fix=when_damaged)
    return Unavailable(
        f"{what} cannot be used: {error}",
        where=str(path),
        fix="check the disk and the owner of this file, then run the command again",
    )
