"""A bundle file, read into the store of a home."""

from pathlib import Path
from typing import Final

from cli.workspace import Workspace
from engine.bundle import import_bundle
from engine.content.cid import Cid
from engine.errors import Damaged, Refused, Unavailable

IMPORT_PIN: Final = "imported"  # keeps what came in a bundle until a person lets go of it


def read_bundle(space: Workspace, file: Path) -> tuple[Cid, ...]:
    """Put a bundle in the store, pinned; return its roots.

    Raises: Refused when it is no bundle or cannot be read; Damaged when it is changed or cut
    short; Unavailable on a full disk.
    """
    try:
        stream = file.open("rb")
    except IsADirectoryError:
        raise Refused("this is a directory, not a bundle", where=str(file)) from None
    except FileNotFoundError:
        raise Refused("no such file", where=str(file), fix="check the path") from None
    except OSError as error:
        raise Unavailable(f"cannot be read: {error.strerror}", where=str(file)) from None
    with stream:
        try:
            roots = import_bundle(space.store, stream)
        except (Refused, Damaged) as error:
            error.where = error.where or str(file)
            raise
    for root in roots:
        space.store.pins.pin(root, IMPORT_PIN)
    return roots
