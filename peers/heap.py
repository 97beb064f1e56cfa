"""Heap: has the C library keep the memory of large buffers, which come and go all the time.

It gives each back to the system at once otherwise, and the system clears every page of the next:
a tenth of what it costs to move blocks.
"""

import ctypes
from typing import Final

_TRIM_THRESHOLD: Final = -1  # of glibc's malloc.h
_MMAP_THRESHOLD: Final = -3

_LARGE: Final = 32 * 1024 * 1024  # bytes of a buffer that is no part of the heap; glibc's most
_KEPT: Final = 64 * 1024 * 1024  # bytes that are free at its end, and not given back


def keep_large_buffers() -> None:
    """Do so for all of this process, where the C library is one that can."""
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _KEPT)
