"""Idle: nothing left to write, and memory that is really there, before a piece of work is timed.

A virtual machine gives memory that is free back to its host, and each page of it must be fetched
again by whoever writes there first: one and the same copy of 1 GiB takes 0.5 s of the processor
or 2.5 s, by what was removed some seconds ago. So some memory is written to and freed just before.
"""

import mmap
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

TOUCHED: Final = 3 * 1024**3  # bytes: two copies of what the largest part writes, and some more
_LEFT: Final = 3  # touch one part in so many of what is free, at most
_TOUCH: Final = "import mmap, sys; mmap.mmap(-1, int(sys.argv[1]), {flags})"


def idle() -> None:
    """Have the disk write what waits, then touch memory; it goes to whoever asks next."""
    os.sync()
    touched = min(TOUCHED, _available() // _LEFT)
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_POPULATE", 0)
    subprocess.run([sys.executable, "-c", _TOUCH.format(flags=flags), str(touched)], check=True)


def _available() -> int:
    """Return how many bytes of memory can be had."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0
