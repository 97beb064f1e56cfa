"""A file for a person, which is there only when it is whole, and then durable.

Where the file system can, it has no name at all until then, so that of a process that is killed
nothing is left. Elsewhere, and where a file is to be replaced, it has another name beside it.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from engine.errors import Refused, Unavailable
from engine.folder import sync_names

_MODE: Final = 0o644
_FILES: Final = Path("/proc/self/fd")  # links to what is open
# What open(2) says where there are no files without a name: the file system, or the kernel.
_NAMED: Final = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be written, which takes the place of `path` when all went well.

    Raises: Refused when it cannot be written there, or there is what is no file: a rename onto
    /dev/null would take it from everybody. Unavailable on a full disk.
    """
    if path.exists() and not path.is_file():
        raise Refused("there is something that is not a file", where=str(path), fix="name a file")
    beside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}")
    try:
        descriptor = _open(beside)
    except OSError as error:
        what = f"cannot write there: {error.strerror}"
        fix = "name a file in a directory that is there and yours"
        raise Refused(what, where=str(path.parent), fix=fix) from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            if hasattr(os, "fchmod"):  # Windows has no modes
                os.fchmod(descriptor, _MODE)
            os.fsync(descriptor)
            if not os.fstat(descriptor).st_nlink:
                _link(descriptor, path, beside)
        if beside.exists():
            beside.replace(path)
        sync_names(path.parent)
    except OSError as error:
        fix = "free some space, or name a file elsewhere"
        raise Unavailable(f"cannot write it: {error.strerror}", where=str(path), fix=fix) from None
    finally:
        beside.unlink(missing_ok=True)


def _open(beside: Path) -> int:
    """Open a new file in the directory of `beside`: without a name, or else called that."""
    if (unnamed := getattr(os, "O_TMPFILE", 0)) and _FILES.is_dir():
        try:
            return os.open(beside.parent, os.O_RDWR | unnamed | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno not in _NAMED:
                raise
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    return os.open(beside, flags | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0), 0o600)


def _link(descriptor: int, *paths: Path) -> None:
    """Give a file without a name the first of some, all in one directory, that nobody has."""
    folder = os.open(paths[0].parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    file = _FILES / str(descriptor)
    try:
        for path in paths:
            with suppress(FileExistsError):
                # with a descriptor for one of the two Python calls linkat, which follows `file`
                return os.link(file, path.name, dst_dir_fd=folder, follow_symlinks=True)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(paths[-1]))
    finally:
        os.close(folder)
