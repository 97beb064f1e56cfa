"""settle: give a tree its name only when it is whole and durable.

Whoever finds a tree under its name may use it with no further look, so a name must never stand
for a tree that is half made, by a process that was killed or before a power cut.
"""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.durable import reached
from engine.errors import Unavailable
from engine.filesystem import sync_all
from engine.folder import sync_names
from engine.nix.treewriter import remove

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def settle(place: Path, make: Callable[[Path], None]) -> None:
    """Have `make` build a tree beside `place`, then give it that name.

    The caller holds a lock on `place`.

    Raises: whatever `make` raises; Unavailable when the disk is full. Nothing is left then.
    """
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    part = partial(place)
    remove(part)  # of a process that was killed
    try:
        make(part)
        reached("tree.made")
        sync_all(place.parent)
        reached("tree.synced")
        part.rename(place)
        reached("tree.renamed")
        sync_names(place.parent)
        reached("tree.named")
    except OSError as error:
        remove(part)
        if error.errno in _FULL:
            raise Unavailable(
                "the disk is full",
                where=str(place.parent),
                fix="free some space, or run `tally gc`, then run the command again",
            ) from None
        raise
    except BaseException:  # an interruption too: nothing half made stays behind
        remove(part)
        raise


def partial(place: Path) -> Path:
    """Return where a tree is while it has no name yet: the same directory, so that rename works."""
    return place.with_name(f".{place.name}.part")
