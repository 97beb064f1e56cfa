"""Writing out: the directories, files and links of a tree, in the order of a walk.

Everything is made by name below the descriptor of its directory and must be new: no symlink in
the tree or on the disk can lead a write elsewhere. The blocks of small files are asked for some
at a time. One thread does it all: two make as many files a second, in twice the processor time.
"""

import os
from collections.abc import Mapping, Sequence
from errno import EMLINK, ENOTSUP, EPERM, EXDEV
from pathlib import Path
from typing import Final

from engine.content.cid import RAW, Cid
from engine.content.walk import Entry
from engine.errors import Damaged
from engine.filesystem import write_all
from engine.store.base import SMALL, ContentStore
from engine.store.copy import copy_content
from engine.values import dataclass

EPOCH: Final = (10**9, 10**9)  # ns; what a step sees must not say when it was staged
# What link(2) says where the file system, or the count of links, does not allow one more.
NO_LINK: Final = (EXDEV, EMLINK, EPERM, ENOTSUP)

_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TOGETHER: Final = 256  # items whose blocks are held in memory at once: 16 MiB at most


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be written, and the store's own file to link to where there is one."""

    entry: Entry
    whole: Path | None


class WriteOut:
    """Writes one tree as `name` below the directory `parent`, whose path is `folder`."""

    def __init__(
        self, store: ContentStore, parent: int, folder: Path, name: str, *, link: bool
    ) -> None:
        """With `link`, as steps are given it (get.py)."""
        self._store = store
        self._folder = folder
        self._name = name
        self._link = link
        self._open = [("", parent)]  # directories from the parent down to where we are
        self._here = parent

    def write(self, plan: Sequence[Item]) -> None:
        """Write everything, in the order of a walk.

        Raises: OSError; Damaged, Unavailable as the store.
        """
        try:
            for start in range(0, len(plan), _TOGETHER):
                items = plan[start : start + _TOGETHER]
                small = [item.entry.cid for item in items if _is_small(item.entry)]
                found = self._store.get_many(small, longest=SMALL)
                for item in items:
                    self._enter(item.entry.path)
                    self._item(item, item.entry.path.rpartition("/")[2] or self._name, found)
        finally:
            self._leave_until(None)

    def _enter(self, path: str) -> None:
        """Be in the directory that holds `path`, which is one that we are in."""
        above = path.rpartition("/")[0] if path else None
        if self._open[-1][0] != above:
            self._leave_until(above)

    def _leave_until(self, path: str | None) -> None:
        """Close directories until the innermost is the one at `path`; None: all of the tree's."""
        while len(self._open) > 1 and self._open[-1][0] != path:
            _, descriptor = self._open.pop()
            if self._link:
                os.utime(descriptor, ns=EPOCH)
            os.close(descriptor)
        self._here = self._open[-1][1]

    def _item(self, item: Item, name: str, found: Mapping[Cid, bytes]) -> None:
        entry = item.entry
        if entry.kind == "directory":
            self._directory(entry.path, name)
        elif entry.kind == "symlink":
            os.symlink(entry.target, name, dir_fd=self._here)
            if self._link:
                os.utime(name, ns=EPOCH, dir_fd=self._here, follow_symlinks=False)
        elif item.whole is None or not self._hard_link(item.whole, entry, name):
            self._file(entry, name, found.get(entry.cid))

    def _directory(self, path: str, name: str) -> None:
        os.mkdir(name, 0o755, dir_fd=self._here)
        descriptor = os.open(name, _DIRECTORY, dir_fd=self._here)
        self._open.append((path, descriptor))
        self._here = descriptor
        if self._link:  # seen through a bind by another user: whatever the umask is
            os.fchmod(descriptor, 0o755)

    def _hard_link(self, whole: Path, entry: Entry, name: str) -> bool:
        """Link to the store's file; False where that cannot be, and it must be copied."""
        if whole.lstat().st_size != entry.size:
            raise Damaged(
                f"a file that is not the {entry.size} bytes it is linked as", where=str(entry.cid)
            )
        try:
            os.link(whole, name, dst_dir_fd=self._here, follow_symlinks=False)
        except OSError as fault:
            if fault.errno not in NO_LINK:
                raise
            return False
        return True

    def _file(self, entry: Entry, name: str, data: bytes | None) -> None:
        """Write a file; `data` is all of it when it has been read and checked already."""
        mode = 0o755 if entry.executable else 0o644
        descriptor = os.open(name, _NEW, mode, dir_fd=self._here)
        try:
            if data is not None and len(data) == entry.size:
                write_all(descriptor, data)
            else:
                copy_content(self._store, entry.cid, entry.size, descriptor, self._folder)
            if self._link:
                os.fchmod(descriptor, mode & 0o555)
                os.utime(descriptor, ns=EPOCH)
        finally:
            os.close(descriptor)


def _is_small(entry: Entry) -> bool:
    """Return whether a file says that it is one small block."""
    return entry.kind == "file" and entry.cid.codec == RAW and entry.size <= SMALL
