"""Getting: a tree out of a store onto this machine's disk.

It is written beside its destination under another name and renamed when it is whole, so there is
never half a tree. Like cp, it does not wait for the disk: what was got is safe from a crash of
this process, and from a power cut once the system has written it.
"""

import os
import secrets
import shutil
from pathlib import Path

from engine.content.cid import Cid
from engine.content.names import has_control
from engine.content.walk import Entry, walk
from engine.durable import reached
from engine.errors import Refused, Unavailable
from engine.store.base import SMALL, ContentStore
from engine.store.writeout import NO_LINK, Item, WriteOut


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
    plan = [Item(entry, _whole(store, entry) if link else None) for entry in walk(store.get, cid)]
    try:
        parent = os.open(dest.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as fault:
        what = f"cannot write there: {fault.strerror}"
        fix = "name a directory that is there and yours"
        raise Refused(what, where=str(dest.parent), fix=fix) from None
    temporary = f".tally-{secrets.token_hex(16)}"
    try:
        _check(plan, parent, dest)
        WriteOut(store, parent, dest.parent, temporary, link=link).write(plan)
        reached("get.written")
        _publish(parent, temporary, dest, link, plan[0].entry.kind == "directory")
        reached("get.named")
    except OSError as fault:
        fix = "free some space, or name a place elsewhere"
        raise Unavailable(f"cannot write it: {fault.strerror}", where=str(dest), fix=fix) from None
    finally:
        _remove(dest.parent / temporary)
        os.close(parent)


def _whole(store: ContentStore, entry: Entry) -> Path | None:
    """Return the file to link to; an executable needs an inode of its own for its mode."""
    if entry.kind != "file" or entry.executable or entry.size <= SMALL:
        return None
    return store.path_of(entry.cid)


def _exists(dest: Path, link: bool) -> bool:
    """Return whether there is nothing left to do."""
    if not os.path.lexists(dest):
        return False
    if not link:
        raise Refused("there is something already", where=str(dest), fix="give another name")
    return True


def _check(plan: list[Item], parent: int, dest: Path) -> None:
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
        if is_directory or fault.errno not in NO_LINK:
            raise
        os.rename(temporary, dest.name, src_dir_fd=parent, dst_dir_fd=parent)


def _remove(path: Path) -> None:
    """Remove what is left under the temporary name: nothing, after a rename."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
