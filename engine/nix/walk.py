"""Walk a real file or directory as the nodes of a NAR, and read parts of that NAR from it.

An archive is never kept beside the tree that it is of: a NarView knows which bytes of it are in
which file, so any range of it can be made again.
"""

import bisect
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from engine.errors import Damaged, NotHere, Refused
from engine.nix import nar
from engine.nix.nar import Directory, Node, Regular, Symlink
from engine.values import dataclass

_SMALLER: Final = "take less into the environment"
CHUNK: Final = 1024 * 1024  # bytes read at once, and one leaf of a NAR's UnixFS file


def walk(root: Path) -> Iterator[Node]:
    """Yield the nodes of a real tree in the order of its NAR; symlinks are not followed.

    Raises: Refused for a device, socket or pipe, or for what goes over the bounds of nar.py.
    """
    top = os.fsencode(root)
    waiting = [b""]
    for _ in range(nar.MAX_ENTRIES):
        if not waiting:
            return
        path = waiting.pop()
        node = _node(top, path)
        if isinstance(node, Directory):
            waiting += _children(top, path)
        yield node
    if waiting:
        raise Refused(f"more than {nar.MAX_ENTRIES} files", where=str(root), fix=_SMALLER)


def _children(top: bytes, path: bytes) -> list[bytes]:
    """Return the paths in a directory, last first, since they are taken from the end."""
    depth = path.count(b"/") + 2 if path else 1  # directories open while these are read
    if depth > nar.MAX_DEPTH:
        what = f"more than {nar.MAX_DEPTH} directories deep"
        raise Refused(what, where=os.fsdecode(top), fix=_SMALLER)
    prefix = path + b"/" if path else b""
    names = os.listdir(_join(top, path))  # noqa: PTH208 - names are bytes, which Path has not
    return [prefix + name for name in sorted(names, reverse=True)]


def _node(top: bytes, path: bytes) -> Node:
    full = _join(top, path)
    status = os.lstat(full)
    if stat.S_ISDIR(status.st_mode):
        return Directory(path)
    if stat.S_ISLNK(status.st_mode):
        return Symlink(path, os.readlink(full))  # noqa: PTH115 - as above
    if stat.S_ISREG(status.st_mode):
        # Nix looks at the owner's bit alone
        return Regular(path, status.st_size, bool(status.st_mode & stat.S_IXUSR))
    what = "neither a file, a directory nor a symlink"
    raise Refused(what, where=os.fsdecode(full), fix="leave it out of the package")


def _join(top: bytes, path: bytes) -> bytes:
    return top + b"/" + path if path else top


@dataclass(frozen=True, slots=True)
class NarView:
    """The NAR of a real tree that does not change, as parts that are read when asked for."""

    root: Path
    parts: tuple[bytes | Regular, ...]
    ends: tuple[int, ...]  # of each part, bytes from the start of the archive

    @classmethod
    def of(cls, root: Path) -> Self:
        """Look at every name below `root`, at no content.

        Raises: as walk.
        """
        parts = tuple(nar.layout(walk(root)))
        ends: list[int] = []
        for part in parts:
            size = len(part) if isinstance(part, bytes) else part.size
            ends.append(size + (ends[-1] if ends else 0))
        return cls(root, parts, tuple(ends))

    @property
    def size(self) -> int:
        """Bytes of the whole archive."""
        return self.ends[-1]

    def read(self, offset: int, length: int) -> bytes:
        """Return that range of the archive, shorter only at its end.

        Raises: Damaged when a file is not as it was; Unavailable when one is gone; OSError when
        the disk fails, or there are too many open files: nothing is then known.
        """
        end = min(offset + length, self.size)
        pieces = []
        place = bisect.bisect_right(self.ends, offset)
        while offset < end:
            start = self.ends[place - 1] if place else 0
            pieces.append(self._slice(self.parts[place], offset - start, end - start))
            offset = self.ends[place]
            place += 1
        return b"".join(pieces)

    def chunks(self) -> Iterator[bytes]:
        """Yield the whole archive, CHUNK bytes at a time.

        Raises: as read.
        """
        return (self.read(offset, CHUNK) for offset in range(0, self.size, CHUNK))

    def _slice(self, part: bytes | Regular, start: int, end: int) -> bytes:
        """Return the bytes from `start` to `end` of one part, which may end before that."""
        if isinstance(part, bytes):
            return part[start:end]
        length = min(end, part.size) - start
        full = os.fsdecode(_join(os.fsencode(self.root), part.path))
        data = _pread(full, start, length)
        if len(data) != length:
            raise Damaged("a file that is shorter than it was", where=full)
        return data


def _pread(path: str, offset: int, length: int) -> bytes:
    """Read part of a file.

    Raises: Unavailable when it is no longer there; OSError when that cannot be told.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        fix = "make it again: 'tally env build WORKFLOW'"
        raise NotHere(f"a file cannot be read: {error.strerror}", where=path, fix=fix) from None
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        file.seek(offset)
        data = file.read(length)
        return data if data is not None else b""
