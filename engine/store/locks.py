"""Locks on files: held by an open descriptor, gone with the process however it ends.

No lock here is ever removed by hand: kill -9 releases it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        """Take the file's lock if nobody has it."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _wait_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        """Take the file's lock if nobody has it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the file at `path`, made when absent, waiting for it."""
    with path.open("ab") as file:
        _wait_lock(file.fileno())
        yield


def create_locked(path: Path, mode: int) -> int | None:
    """Make a file and take its lock; None when there is one, or it was removed before that.

    Raises: OSError for anything else.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        return None
    return _kept(descriptor, path)


def open_locked(path: Path, mode: int = os.O_RDONLY) -> int | None:
    """Open a file and take its lock; None when it is gone or somebody has it.

    Raises: OSError for anything else.
    """
    try:
        descriptor = os.open(path, mode | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    return _kept(descriptor, path)


def _kept(descriptor: int, path: Path) -> int | None:
    """Return the descriptor if its lock is ours and it is still the file at `path`."""
    if _try_lock(descriptor) and _is_at(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
