"""Locks on files: held by an open descriptor, gone with the process however it ends.

No lock here is ever removed by hand: kill -9 releases it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import Unavailable

if sys.platform == "win32":
    import msvcrt

    def lock(descriptor: int, *, shared: bool = False, wait: bool = True) -> bool:
        """Lock an open file; False when others have it and `wait` is False.

        Raises: Unavailable for a shared lock: Windows has none, and only closures need them.
        """
        if shared:
            raise Unavailable("environments are unpacked on Linux only", fix="use a Linux machine")
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError:
            if wait:
                raise
            return False
        return True

else:
    import fcntl

    def lock(descriptor: int, *, shared: bool = False, wait: bool = True) -> bool:
        """Lock an open file, alone or shared; False when others have it and `wait` is False."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock of the file at `path`, made when absent, waiting for it."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with path.open("ab") as file:
        lock(file.fileno(), shared=shared)
        yield


@contextmanager
def in_use(path: Path) -> Iterator[None]:
    """Say meanwhile that a file is being used: nobody puts another in its place."""
    if sys.platform == "win32":  # there, nobody can while it is open
        yield
        return
    with locked(_use_of(path), shared=True):
        yield


@contextmanager
def unused(path: Path) -> Iterator[None]:
    """Keep a file from being used by anybody.

    Raises: Unavailable while somebody does.
    """
    with _use_of(path).open("ab") as file:
        if not lock(file.fileno(), wait=False):
            raise Unavailable(
                "another tally process is using this file",
                where=str(path),
                fix="wait until it has ended, or end it, then run the command again",
            )
        yield


def _use_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


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
    if lock(descriptor, wait=False) and _is_at(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
