"""A file for a person, which is there only when it is whole, and then durable."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from engine.errors import Refused, Unavailable
from engine.folder import sync_names


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be written, which takes the place of `path` when all went well.

    Raises: Refused when it cannot be written there, or there is what is no file: a rename onto
    /dev/null would take it from everybody. Unavailable on a full disk.
    """
    if path.exists() and not path.is_file():
        raise Refused("there is something that is not a file", where=str(path), fix="name a file")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    except OSError as error:
        what = f"cannot write there: {error.strerror}"
        fix = "name a file in a directory that is there and yours"
        raise Refused(what, where=str(path.parent), fix=fix) from None
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(descriptor)
        temporary.chmod(0o644)
        temporary.replace(path)
        sync_names(path.parent)
    except OSError as error:
        fix = "free some space, or name a file elsewhere"
        raise Unavailable(f"cannot write it: {error.strerror}", where=str(path), fix=fix) from None
    finally:
        temporary.unlink(missing_ok=True)
