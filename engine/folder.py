"""Folder: a directory that others may look into, and one whose names are durable.

Started as root, a step's executor is somebody else. It is let in at `work` alone, whatever the
umask is: the home above it is the user's, 0700.
"""

import os
from pathlib import Path
from typing import Final

SEEN: Final = 0o755


def make_seen(path: Path) -> None:
    """Make a directory unless it is there, for others to look into; its parent is there.

    Raises: OSError as mkdir does.
    """
    path.mkdir(mode=SEEN, exist_ok=True)
    if path.stat().st_mode & 0o777 != SEEN:  # the umask took some of it, now or another time
        path.chmod(SEEN)


def sync_names(path: Path) -> None:
    """Make the names in a directory durable.

    Raises: OSError when the disk fails.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
