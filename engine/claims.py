"""Claims: who is working on what right now, among all tally processes of one home.

A claim is a lock on one byte of one file, at a place that the key's digest gives. The kernel
drops it when its process is gone, however that ended: there is no dead owner to detect and
nothing to remove by hand. Claims say nothing of what was done; that is in the memo.

>>> claims = Claims(home / "claims")                                     # doctest: +SKIP
>>> claims.take(b"a step key")                                           # doctest: +SKIP
True
"""

import os
import struct
import sys
import threading
from hashlib import blake2b
from pathlib import Path
from typing import Final

from engine.errors import Unavailable

if sys.platform != "win32":
    import fcntl

_FLOCK: Final = struct.Struct("hhqqi4x")  # 64-bit Linux: type, whence, start, length, pid
_PLACES: Final = 62  # bits of a place: offsets are signed 64-bit, and each key has two places


class Claims:
    """The claims of this process, and those of others as far as they are in the way."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`, made when absent and always empty.

        Where it cannot be written, claims can be seen and none can be taken.

        Raises: Unavailable when it cannot be opened, or this system has no such locks.
        """
        if sys.platform != "linux":
            raise Unavailable("steps run on Linux only", fix="use a machine with Linux on x86-64")
        writable = os.access(path.parent, os.W_OK)
        flags = os.O_RDWR | os.O_CREAT if writable else os.O_RDONLY
        try:
            self._file = os.open(path, flags | os.O_CLOEXEC, 0o600)
        except OSError as error:
            fix = "check the owner of this directory"
            raise Unavailable(f"cannot open: {error.strerror}", where=str(path), fix=fix) from error
        self._held: set[bytes] = set()
        self._lock = threading.Lock()  # a process never stands in its own way in the kernel

    def take(self, key: bytes) -> bool:
        """Claim a key; False when anybody has it, this process too."""
        with self._lock:
            if key in self._held or not self._set(fcntl.F_WRLCK, _place(key)):
                return False
            self._held.add(key)
            return True

    def release(self, key: bytes) -> None:
        """Give a claim back."""
        with self._lock:
            self._held.discard(key)
            self._set(fcntl.F_UNLCK, _place(key))

    def is_free(self, key: bytes) -> bool:
        """Return whether nobody has a key: neither another process nor this one."""
        with self._lock:
            return key not in self._held and self._unlocked(_place(key))

    def await_release(self, key: bytes) -> None:
        """Let whoever has a key know that this process waits for it."""
        self._set(fcntl.F_RDLCK, _place(key) + 1)

    def stop_waiting(self, key: bytes) -> None:
        """Take `await_release` back."""
        self._set(fcntl.F_UNLCK, _place(key) + 1)

    def is_awaited(self, key: bytes) -> bool:
        """Return whether another process waits for a key."""
        return not self._unlocked(_place(key) + 1)

    def close(self) -> None:
        """Give all claims back."""
        os.close(self._file)

    def _unlocked(self, place: int) -> bool:
        """Return whether no other process has a lock there; this one's own do not count."""
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0)
        answer = fcntl.fcntl(self._file, fcntl.F_OFD_GETLK, asked)
        return bool(_FLOCK.unpack(answer)[0] == fcntl.F_UNLCK)

    def _set(self, kind: int, place: int) -> bool:
        try:
            fcntl.fcntl(
                self._file,
                fcntl.F_OFD_SETLK,  # owned by the open file: threads do not lose each other's
                _FLOCK.pack(kind, os.SEEK_SET, place, 1, 0),
            )
        except (BlockingIOError, PermissionError):
            return False
        return True


def _place(key: bytes) -> int:
    digest = int.from_bytes(blake2b(key, digest_size=8).digest(), "big")
    return digest >> (64 - _PLACES) & ~1
