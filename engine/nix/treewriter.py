"""TreeWriter: makes a real tree as Nix has them: read-only, dated 1970, nothing else about it.

Names come from a NarView or a NAR that was read strictly, so joining them to the root is safe.
The root must not be there before: nothing is ever opened that this has not just made.
"""

import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from engine.filesystem import begin_writing, write_all
from engine.nix.nar import Directory, Node, Regular, Symlink

MTIME: Final = (1, 1)  # seconds since 1970; what Nix gives every file
FILE: Final = 0o444
PROGRAM: Final = 0o555
DIRECTORY: Final = 0o555

_LARGE: Final = 256 * 1024  # bytes of a piece that is worth a request of its own to the disk

# Why a hard link cannot be made where a copy can: another file system, somebody else's file
# (fs.protected_hardlinks), too many links, or a file system without links.
_NO_LINK: Final = (errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.EOPNOTSUPP)


class TreeWriter:
    """Makes one tree, parents before children; `finish` makes it read-only."""

    def __init__(self, root: Path) -> None:
        self._root = os.fsencode(root)
        self._directories: list[bytes] = []

    def directory(self, path: bytes) -> None:
        """Make a directory, writable until `finish`."""
        full = self._join(path)
        os.mkdir(full, 0o700)  # noqa: PTH102 - names are bytes, which Path has not
        self._directories.append(full)

    def symlink(self, path: bytes, target: bytes) -> None:
        """Make a symlink, wherever it points."""
        full = self._join(path)
        os.symlink(target, full)  # noqa: PTH211 - as above
        os.utime(full, MTIME, follow_symlinks=False)

    def file(self, path: bytes, executable: bool, pieces: Iterable[bytes]) -> None:
        """Make a file of these bytes."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._join(path), flags, 0o600)
        try:
            for piece in pieces:
                write_all(descriptor, piece)
                if len(piece) >= _LARGE:
                    begin_writing(descriptor, 0, 0)
            os.fchmod(descriptor, PROGRAM if executable else FILE)
            os.utime(descriptor, MTIME)
        finally:
            os.close(descriptor)

    def link(self, path: bytes, source: bytes, executable: bool) -> None:
        """Make a file that is another one: a hard link where that can be, else a copy.

        A source that is not as Nix would have it is copied: its mode and date are its owner's.
        """
        full = self._join(path)
        status = os.lstat(source)
        mode = PROGRAM if executable else FILE
        if stat.S_IMODE(status.st_mode) == mode and status.st_mtime_ns == MTIME[1] * 10**9:
            try:
                return os.link(source, full, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
        shutil.copyfile(source, full, follow_symlinks=False)
        os.chmod(full, mode)  # noqa: PTH101 - as above
        return os.utime(full, MTIME)

    def finish(self) -> None:
        """Make the directories read-only, children first."""
        for full in reversed(self._directories):
            os.chmod(full, DIRECTORY)  # noqa: PTH101 - as above
            os.utime(full, MTIME)

    def _join(self, path: bytes) -> bytes:
        return self._root + b"/" + path if path else self._root


def plant(writer: TreeWriter, at: bytes, nodes: Iterable[Node], source: Path) -> None:
    """Make the tree `nodes` of `source` again at the path `at`: files linked, the rest made."""
    top = os.fsencode(source)
    for node in nodes:
        path = b"/".join(part for part in (at, node.path) if part)
        if isinstance(node, Directory):
            writer.directory(path)
        elif isinstance(node, Symlink):
            writer.symlink(path, node.target)
        elif isinstance(node, Regular):
            writer.link(path, top + b"/" + node.path if node.path else top, node.executable)


def is_untouched(tree: Path) -> bool:
    """Return whether everything in a tree is dated as it was made: nobody has written to it since.

    What a disk changes by itself is for fsck to find.
    """
    return all(entry.st_mtime_ns == MTIME[1] * 10**9 for entry in _statuses(os.fsencode(tree)))


def date(tree: Path) -> None:
    """Date everything in a tree as it was made."""
    for path in (tree, *tree.rglob("*")):
        os.utime(path, MTIME, follow_symlinks=False)


def _statuses(top: bytes) -> Iterator[os.stat_result]:
    status = os.lstat(top)
    yield status
    waiting = [top] if stat.S_ISDIR(status.st_mode) else []
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                yield entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def remove(path: Path) -> None:
    """Remove a tree, though its directories are read-only; one that is not there is no error."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    elif path.is_dir():
        for directory, names, _ in os.walk(path):
            Path(directory).chmod(0o700)
            for name in names:
                below = Path(directory, name)
                if not below.is_symlink():
                    below.chmod(0o700)
        shutil.rmtree(path)
