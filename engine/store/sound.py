"""Sound: whether a tree that was staged some time ago is still what was made.

Its files are the store's own, or copies that were dated when they were made. Looking at them as git
does (is_sound) finds whatever wrote to one; a disk that changes bytes by itself is for fsck to
find (is_exact).
"""

import os
import stat
from pathlib import Path

from engine.content.cid import Cid
from engine.content.reader import leaves
from engine.content.walk import Entry, walk
from engine.store.base import SMALL, ContentStore
from engine.store.writeout import EPOCH


def is_sound(store: ContentStore, cid: Cid, place: Path) -> bool:
    """Return whether what get_tree linked at `place` is as it was; takes a look at every file.

    Raises: Unavailable, Damaged when `cid` cannot be walked.
    """
    return all(_is_as_made(store, entry, place / entry.path) for entry in walk(store.get, cid))


def is_exact(store: ContentStore, cid: Cid, place: Path) -> bool:
    """Return whether what get_tree linked at `place` is `cid`, byte for byte; reads all of it.

    Dates are for is_sound: one that is wrong is no damage.

    Raises: Unavailable, Damaged when `cid` cannot be walked.
    """
    expected = list(walk(store.get, cid))
    there = {Path(entry.path) for entry in expected} | {Path()}
    found = {path.relative_to(place) for path in (place, *place.rglob("*"))}
    return found == there and all(_is_named(store, entry, place / entry.path) for entry in expected)


def _is_named(store: ContentStore, entry: Entry, place: Path) -> bool:
    mode = place.lstat().st_mode
    if entry.kind == "symlink":
        return stat.S_ISLNK(mode) and str(place.readlink()) == entry.target
    if entry.kind == "directory":
        return stat.S_ISDIR(mode)
    is_kind = stat.S_ISREG(mode) and bool(mode & 0o111) == entry.executable
    return is_kind and _has_content(store, entry, place)


def _has_content(store: ContentStore, entry: Entry, place: Path) -> bool:
    try:
        with place.open("rb", buffering=0) as file:
            for leaf, size in leaves(store.get, entry.cid, entry.size):
                data = file.read(size)
                if len(data) != size or not leaf.matches(data):
                    return False
            return not file.read(1)
    except OSError:
        return False


def _is_as_made(store: ContentStore, entry: Entry, place: Path) -> bool:
    try:
        found = place.lstat()
    except OSError:
        return False
    if entry.kind == "symlink":
        return stat.S_ISLNK(found.st_mode) and str(place.readlink()) == entry.target
    if entry.kind == "directory":
        return stat.S_ISDIR(found.st_mode) and found.st_mtime_ns == EPOCH[1]
    is_copy = found.st_mtime_ns == EPOCH[1] and found.st_size == entry.size
    return stat.S_ISREG(found.st_mode) and (is_copy or _is_own(store, entry, found))


def _is_own(store: ContentStore, entry: Entry, found: os.stat_result) -> bool:
    """Return whether a file is the store's, which looks whether that was written to."""
    whole = store.path_of(entry.cid) if entry.size > SMALL else None
    return whole is not None and os.path.samestat(found, whole.stat())
