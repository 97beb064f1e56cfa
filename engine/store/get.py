"""Getting: a tree out of a store onto this machine's disk.

It is written beside its destination under another name and renamed when it is whole, so there is
never half a tree. Everything is made by name below the descriptor of its directory and must be
new: no symlink in the tree or on the disk can lead a write elsewhere.
"""

import os
import shutil
import uuid
from dataclasses import dataclass
from errno import EMLINK, ENOTSUP, EPERM, EXDEV
from pathlib import Path
from typing import Final

from engine.content.cid import Cid
from engine.content.names import has_control
from engine.content.walk import Entry, walk
from engine.durable import reached
from engine.errors import Damaged, Refused, Unavailable
from engine.store.base import ContentStore
from engine.store.copy import copy_content

_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
EPOCH: Final = (10**9, 10**9)  # ns; what a step sees must not say when it was staged
# What link(2) says where the file system, or the count of links, does not allow one more.
_NO_LINK: Final = (EXDEV, EMLINK, EPERM, ENOTSUP)


def get_tree(store: ContentStore, cid: Cid, dest: Path, *, link: bool = False) -> None:
    """Write the tree `cid` to `dest`, which must not exist; its directory must.

    Without `link`: files of the user's own, 0644 and 0755 less the umask. With it: read-only,
    0444 and 0555, times the same for everybody, whole files as hard links to the store's; `dest`
    is then taken to be named after `cid`, and one that is there already is the same tree.

    Raises: Refused when `dest` exists or cannot be written; Unavailable when content is missing
        or the disk is full; Damaged when content is malformed.
    """
    if _exists(dest, link):
        return
    plan = [_Item(entry, _whole(store, entry) if link else None) for entry in walk(store.get, cid)]
    try:
        parent = os.open(dest.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as fault:
        what = f"cannot write there: {fault.strerror}"
        fix = "name a directory that is there and yours"
        raise Refused(what, where=str(dest.parent), fix=fix) from None
    temporary = f".tally-{uuid.uuid4().hex}"
    try:
        _check(plan, parent, dest)
        _Writer(store, parent, dest.parent, temporary, link).write(plan)
        reached("get.written")
        _publish(parent, temporary, dest, link, plan[0].entry.kind == "directory")
        reached("get.named")
    except OSError as fault:
        fix = "free some space, or name a place elsewhere"
        raise Unavailable(f"cannot write it: {fault.strerror}", where=str(dest), fix=fix) from None
    finally:
        _remove(dest.parent / temporary)
        os.close(parent)


@dataclass(frozen=True, slots=True)
class _Item:
    """Something to be written, and the store's own file to link to where there is one."""

    entry: Entry
    whole: Path | None


def _whole(store: ContentStore, entry: Entry) -> Path | None:
    """Return the file to link to; an executable needs an inode of its own for its mode."""
    if entry.kind != "file" or entry.executable:
        return None
    return store.path_of(entry.cid)


def _exists(dest: Path, link: bool) -> bool:
    """Return whether there is nothing left to do."""
    if not os.path.lexists(dest):
        return False
    if not link:
        raise Refused("there is something already", where=str(dest), fix="give another name")
    return True


def _check(plan: list[_Item], parent: int, dest: Path) -> None:
    """Check names and room before anything is written."""
    for item in plan:
        if has_control(item.entry.path):
            name = ascii(item.entry.path)
            what = f"a name with a control character is not written: {name}"
            raise Refused(what, fix="'tally get' the others by their own paths")
    disk = os.fstatvfs(parent)
    free = disk.f_bavail * disk.f_frsize
    need = sum(item.entry.size for item in plan if item.whole is None)
    if need > free:
        what = f"it takes {need} bytes and {free} are free"
        raise Unavailable(what, where=str(dest), fix="free some space, or name a place elsewhere")


class _Writer:
    """Writes one tree under a new name below the directory `parent`."""

    def __init__(
        self, store: ContentStore, parent: int, folder: Path, name: str, link: bool
    ) -> None:
        self._store = store
        self._folder = folder  # where `parent` is, for what is said of a full disk
        self._name = name
        self._link = link
        self._open = [("", parent)]  # directories from the parent down to where we are
        self._here = parent

    def write(self, plan: list[_Item]) -> None:
        """Write everything, in the order of a walk."""
        try:
            for item in plan:
                self._leave_until(item.entry.path.rpartition("/")[0] if item.entry.path else None)
                self._item(item, item.entry.path.rpartition("/")[2] or self._name)
        finally:
            self._leave_until(None)

    def _leave_until(self, path: str | None) -> None:
        """Close directories until the innermost is the one at `path`; None: all of the tree's."""
        while len(self._open) > 1 and self._open[-1][0] != path:
            _, descriptor = self._open.pop()
            if self._link:
                os.utime(descriptor, ns=EPOCH)
            os.close(descriptor)
        self._here = self._open[-1][1]

    def _item(self, item: _Item, name: str) -> None:
        if item.entry.kind == "directory":
            os.mkdir(name, 0o755, dir_fd=self._here)
            self._enter(item.entry.path, name)
        elif item.entry.kind == "symlink":
            os.symlink(item.entry.target, name, dir_fd=self._here)
            if self._link:
                os.utime(name, ns=EPOCH, dir_fd=self._here, follow_symlinks=False)
        elif item.whole is None or not self._hard_link(item.whole, item.entry, name):
            self._copy(item.entry, name)

    def _enter(self, path: str, name: str) -> None:
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
            if fault.errno not in _NO_LINK:
                raise
            return False
        return True

    def _copy(self, entry: Entry, name: str) -> None:
        mode = 0o755 if entry.executable else 0o644
        descriptor = os.open(name, _NEW, mode, dir_fd=self._here)
        try:
            copy_content(self._store, entry.cid, entry.size, descriptor, self._folder)
            if self._link:
                os.fchmod(descriptor, mode & 0o555)
                os.utime(descriptor, ns=EPOCH)
        finally:
            os.close(descriptor)


def _publish(parent: int, temporary: str, dest: Path, link: bool, is_directory: bool) -> None:
    """Give what is whole its name, unless that was taken meanwhile."""
    if _exists(dest, link):
        return
    try:
        if is_directory:  # fails on anything but an empty directory
            os.rename(temporary, dest.name, src_dir_fd=parent, dst_dir_fd=parent)
        else:
            os.link(
                temporary, dest.name, src_dir_fd=parent, dst_dir_fd=parent, follow_symlinks=False
            )
    except OSError as fault:
        if _exists(dest, link):
            return
        if is_directory or fault.errno not in _NO_LINK:
            raise
        os.rename(temporary, dest.name, src_dir_fd=parent, dst_dir_fd=parent)


def _remove(path: Path) -> None:
    """Remove what is left under the temporary name: nothing, after a rename."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
