"""flock: locks on open files, which end with the process, so that none is ever stale."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import Unavailable

if sys.platform == "win32":

    def flock(descriptor: int, *, shared: bool = False, wait: bool = True) -> bool:
        """Refuse: closures are of Linux, and a client on Windows leaves them to its peers.

        Raises: Unavailable, always.
        """
        raise Unavailable(
            "environments are unpacked on Linux only",
            fix="run steps on a peer: `tally run --on peers`",
        )

else:
    import fcntl

    def flock(descriptor: int, *, shared: bool = False, wait: bool = True) -> bool:
        """Lock an open file, alone or shared; False when others have it and `wait` is False."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def locked(lock: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock of the file at `lock`, made when absent, waiting for it."""
    lock.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with lock.open("ab") as file:
        flock(file.fileno(), shared=shared)
        yield
