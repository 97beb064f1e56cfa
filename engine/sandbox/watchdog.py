"""Watchdog: how much memory a step uses now. Reads /proc and the scratch, decides nothing.

Counted are the pages its processes hold, their swap and page tables, and all that lies on the
scratch (/out, /build, /tmp, /dev/shm). The quick sum counts a page once for each process that
shares it; only when that is over the limit, the exact one is taken.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Final

_KIB: Final = 1024
_QUICK: Final = (b"\nVmRSS:", b"\nVmSwap:", b"\nVmPTE:")
_EXACT: Final = (b"\nPss_Anon:", b"\nPss_Shmem:", b"\nSwapPss:")
_NEARLY_FULL: Final = 64 * _KIB  # bytes; what is left over when a write does not fit


class Watchdog:
    """Measures everything this executor started, and the scratch at `scratch`."""

    def __init__(self, scratch: str) -> None:
        self._scratch = scratch
        self._myself = str(os.getpid())

    def memory(self, limit: int) -> int:
        """Return the bytes in use; exact where that decides whether they are over `limit`."""
        scratch = self.scratch_bytes()
        quick = scratch + sum(self._sum("status", _QUICK))
        if quick <= limit:
            return quick
        return scratch + sum(self._sum("smaps_rollup", _EXACT))

    def scratch_bytes(self) -> int:
        """Return the bytes that lie on the scratch."""
        state = os.statvfs(self._scratch)
        return (state.f_blocks - state.f_bfree) * state.f_frsize

    def scratch_full(self) -> bool:
        """Say whether the scratch has no room for a file or for its bytes."""
        state = os.statvfs(self._scratch)
        return state.f_ffree == 0 or state.f_bfree * state.f_frsize < _NEARLY_FULL

    def _sum(self, file: str, keys: tuple[bytes, ...]) -> Iterator[int]:
        for name in os.listdir("/proc"):
            if name.isdigit() and name != self._myself:
                with contextlib.suppress(OSError):  # it may have ended by now
                    yield _kibibytes(_read(f"/proc/{name}/{file}"), keys) * _KIB


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 8 * _KIB)
    finally:
        os.close(descriptor)


def _kibibytes(text: bytes, keys: tuple[bytes, ...]) -> int:
    """Add up the values of `keys`, each a line like "VmRSS:     1234 kB"."""
    total = 0
    for key in keys:
        at = text.find(key)
        if at >= 0:
            total += int(text[at + len(key) : text.index(b"kB", at)])
    return total
