"""Trees: the directories that steps read, made once per content below work/trees.

Each is named after its CID and bound into the sandboxes of all steps that read it. Files over
64 KiB are hard links to the store's own.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.content.cid import Cid
from engine.content.walk import walk
from engine.durable import reached
from engine.errors import Damaged, Refused, Unavailable
from engine.folder import make_seen
from engine.locks import locked
from engine.store.base import ContentStore
from engine.store.get import get_tree
from engine.store.sound import is_exact, is_sound


class Trees:
    """The directory work/trees. Safe for many threads and processes."""

    def __init__(self, work: Path, store: ContentStore) -> None:
        """Use `work`, which is there.

        Raises: OSError when it cannot be written.
        """
        self._folder = work / "trees"
        self._lock = work / "locks" / "trees"  # shared by who makes one, alone to remove one
        self._store = store
        self._sound: set[Cid] = set()  # what this process has looked at, or made
        for folder in (self._folder, self._lock.parent):
            make_seen(folder)

    def place(self, cid: Cid) -> Path:
        """Return where a directory is, made unless it is there and nobody wrote to it.

        Raises: Unavailable when content is not here or the disk is full; Damaged when it is not
        what it is named.
        """
        tree = self._folder / str(cid)
        if cid not in self._sound and tree.exists() and not is_sound(self._store, cid, tree):
            with locked(self._lock):  # or the one that another has just made anew goes
                if not is_sound(self._store, cid, tree):
                    _remove(tree)
        with locked(self._lock, shared=True):
            get_tree(self._store, cid, tree, link=True)
        self._sound.add(cid)
        return tree

    def all(self) -> dict[Cid, Path]:
        """Return the directories there are."""
        found = {}
        for tree in sorted(self._folder.glob("[!.]*")):
            try:
                found[Cid.parse(tree.name)] = tree
            except Refused:
                continue  # nothing of ours
        return found

    def put_away_inexact(self) -> Iterator[Path]:
        """Yield each directory that is not what it is named, removed: it is made anew when needed.

        One of which the store has not the nodes stays, as a copy, and is dated so that no step is
        given it. In a home that can only be read nothing can be put away, and no step runs.
        """
        if not os.access(self._folder, os.W_OK):
            return
        for cid, tree in self.all().items():
            with locked(self._lock):
                try:
                    if is_exact(self._store, cid, tree):
                        continue
                except (Unavailable, Damaged):
                    os.utime(tree)
                    continue
                _remove(tree)
            yield tree

    def drop_unknown(self) -> None:
        """Remove directories of which the store has not the nodes: nothing can be had from them."""
        for cid, tree in self.all().items():
            with locked(self._lock):
                try:
                    for _ in walk(self._store.get, cid):
                        pass
                except (Unavailable, Damaged):
                    _remove(tree)

    def sweep(self, is_here: Callable[[Cid], bool]) -> int:
        """Remove directories whose content a gc has taken, and what killed processes left.

        What a running step reads is held from every gc, and so is not among them. Returns how many
        that were.
        """
        with locked(self._lock):
            gone = [tree for cid, tree in self.all().items() if not is_here(cid)]
            for tree in gone:
                _remove(tree)
            for left in self._folder.glob(".*"):
                shutil.rmtree(left)
        return len(gone)


def _remove(tree: Path) -> None:
    hidden = tree.with_name(f".{tree.name}")  # no longer found by who would stage it now
    shutil.rmtree(hidden, ignore_errors=True)  # of a process that was killed
    tree.rename(hidden)
    reached("stage.hidden")
    shutil.rmtree(hidden)
