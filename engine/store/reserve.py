"""Reserve: some bytes of disk that nobody uses, so that a full disk can be collected.

To delete, SQLite must first write. So gc gives the reserve up before it begins, and makes it again
with the space that it freed.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from engine.durable import reached

# A gc's largest commit changes one 4 KiB page for each of its 1 000 rows, and those of the tree
# above them; the log that holds it is used again by the next.
RESERVE: Final = 8 * 1024 * 1024


def make(root: Path) -> None:
    """Make the reserve of the store at `root` if there is none and there is space."""
    path = root / "reserve"
    if path.exists():
        return
    try:
        with path.open("wb") as file:
            _allocate(file.fileno())
    except OSError:  # a disk that is already full: the next one to open the store tries again
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _allocate(descriptor: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, RESERVE)
    else:
        os.write(descriptor, bytes(RESERVE))


@contextmanager
def given_up(root: Path) -> Iterator[None]:
    """Let the reserve be used meanwhile."""
    (root / "reserve").unlink(missing_ok=True)
    reached("reserve.given")
    try:
        yield
    finally:
        make(root)
        reached("reserve.made")
