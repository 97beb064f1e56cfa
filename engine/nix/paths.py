"""Paths: the store paths this machine has unpacked, one copy of each content.

A path is kept by the hash of its NAR and not by its store path: two peers may build different
bytes for one store path, and neither may get the other's. What is here was checked and made
durable before it got its name, so whether it is here is one look at that name.
"""

import os
import shutil
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock
from typing import Final

from engine.durable import reached
from engine.errors import NotHere, Refused, TallyError
from engine.locks import locked
from engine.nix import nix32
from engine.nix.intact import has_hash, is_exact
from engine.nix.records import SHA256, ClosurePath
from engine.nix.settle import Maker, Settling, unnamed
from engine.nix.treewriter import date, remove
from engine.nix.walk import NarView

Where = Callable[[bytes], Path]  # where the tree with a NAR hash is now

VIEWS: Final = 32  # NarViews kept in memory; one of numpy has 1 600 parts, some 300 KB
TOGETHER: Final = 64  # paths made with one flush; a lock, and so an open file, for each
TOGETHER_BYTES: Final = 1024**3  # of NARs; what a killed process has to unpack again
KEPT: Final = "kept"  # the lock between those who make or use trees and those who remove them


class Paths:
    """The directory work/paths: NAR hash -> unpacked tree. Safe for many threads and processes."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._directory = work / "paths"
        self._locks = work / "locks"
        self._views: OrderedDict[str, NarView] = OrderedDict()
        self._lock = Lock()

    def location(self, nar_hash: bytes) -> Path:
        """Return where the tree with this NAR hash is, or would be."""
        return self._directory / locator(nar_hash)

    def has(self, nar_hash: bytes) -> bool:
        """Return whether the tree is here."""
        return os.path.lexists(self.location(nar_hash))

    def adopt(
        self,
        makers: Mapping[bytes, Maker],
        meanwhile: Callable[[Where], None] = lambda where: None,
    ) -> None:
        """Have the trees with these NAR hashes, each made by its maker unless it is here.

        A maker is called with a destination and checks what it makes; if one fails nothing of
        that tree is left, and what others have made stays. Another process that makes the same
        tree is waited for. One flush of the disk is for all of them; `meanwhile` is called with
        what tells where each of them is then.

        Raises: whatever a maker or `meanwhile` raises; Unavailable when the disk is full.
        """
        missing = [nar_hash for nar_hash in makers if not self.has(nar_hash)]
        with Settling() as settling:
            for name in sorted(map(locator, missing)):
                settling.lock(self._locks / name)
            for nar_hash in missing:
                if not self.has(nar_hash):
                    settling.make(self.location(nar_hash), makers[nar_hash])
            settling.settle(lambda: meanwhile(lambda nar: settling.where(self.location(nar))))

    def restored(self, nar_hash: bytes) -> bool:
        """Return whether a tree that was written to has the content that it had; it is dated anew.

        So a home whose files were copied without their dates keeps its environments.

        Raises: OSError when it cannot be read.
        """
        place = self.location(nar_hash)
        if not is_exact(place, nar_hash):
            return False
        date(place)
        return True

    def put_away(self, nar_hash: bytes) -> None:
        """Remove the tree with this NAR hash: it is not what it was."""
        place = self.location(nar_hash)
        with self._own(place.name):
            with self._lock:
                self._views.pop(place.name, None)
            remove(unnamed(place))  # of a process that was killed
            if os.path.lexists(place):  # all of it has the name, or nothing
                place.rename(unnamed(place))
                reached("path.hidden")
                remove(unnamed(place))
        reached("path.put-away")

    def put_away_inexact(self, read: Mapping[str, int]) -> Iterator[Path]:
        """Yield each tree that has not the NAR hash it is named by, removed.

        `read` says of some how many bytes of their NARs somebody has just read and found right.
        """
        for place in sorted(self._directory.glob("[!.]*")):
            try:
                nar_hash = nix32.decode(place.name, SHA256)
            except Refused:
                continue  # nothing of ours
            if not self._was_read(place, read) and not has_hash(place, nar_hash):
                self.put_away(nar_hash)
                yield place

    def _was_read(self, place: Path, read: Mapping[str, int]) -> bool:
        try:
            return place.name in read and NarView.of(place).size == read[place.name]
        except (OSError, TallyError):
            return False

    def free_bytes(self) -> int:
        """Return how much room there is for more trees."""
        return shutil.disk_usage(self._work).free

    def kept(self) -> AbstractContextManager[None]:
        """Let nothing be forgotten meanwhile."""
        return locked(self._locks / KEPT, shared=True)

    def sweep(self, live: Callable[[], Collection[str]]) -> int:
        """Remove every tree whose name is not in `live()`; return how many that were.

        `live` is asked when nobody can add a tree any more. Farms keep what they have: their
        files are links of their own.
        """
        with locked(self._locks / KEPT):
            needed = live()
            unneeded = [
                place for place in self._directory.glob("[!.]*") if place.name not in needed
            ]
            for place in unneeded:
                with self._lock:
                    self._views.pop(place.name, None)
                place.rename(unnamed(place))
                reached("path.hidden")
            for left in self._directory.glob(".*.part"):  # also of processes that were killed
                remove(left)
        return len(unneeded)

    def view(self, name: str) -> NarView:
        """Return the NAR of the tree called `name` here.

        Raises: Unavailable when it is not here; OSError when that cannot be told.
        """
        with self._lock:
            view = self._views.get(name)
            if view is None:
                view = self._views[name] = self._open(name)
            self._views.move_to_end(name)
            while len(self._views) > VIEWS:
                self._views.popitem(last=False)
            return view

    def read_nar_range(self, name: str, offset: int, length: int) -> bytes:
        """Return part of the NAR of the tree called `name` here: what a store makes blocks from.

        Raises: Unavailable when it is not here; Damaged when it is not as it was; OSError when
        that cannot be told.
        """
        return self.view(name).read(offset, length)

    def _open(self, name: str) -> NarView:
        try:
            return NarView.of(self._directory / name)
        except (FileNotFoundError, NotADirectoryError):
            raise NotHere(
                "an unpacked store path is gone",
                where=str(self._directory / name),
                fix="run `tally env build`, or import a bundle that has it",
            ) from None

    def _own(self, name: str) -> AbstractContextManager[None]:
        return locked(self._locks / name)


def groups(paths: Iterable[ClosurePath], most: int = TOGETHER_BYTES) -> Iterator[list[ClosurePath]]:
    """Yield paths in groups of which each is made with one flush of the disk."""
    group: list[ClosurePath] = []
    size = 0
    for path in paths:
        group.append(path)
        size += path.nar_size
        if len(group) == TOGETHER or size >= most:
            yield group
            group, size = [], 0
    if group:
        yield group


def locator(nar_hash: bytes) -> str:
    """Return the name of a tree in work/paths, and of its NAR to a store of derived blocks."""
    return nix32.encode(nar_hash)
