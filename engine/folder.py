"""Folder: a directory that a step's executor may look into, whatever the user's umask is.

Started as root, the executor is somebody else. It is let in at `work` alone: the home above it is
the user's, 0700.
"""

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
