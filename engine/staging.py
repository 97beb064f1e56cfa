"""Staging: the inputs of a step as files that it may read, made without copying what is large.

A file is a hard link to the store's, or is written when it is small. A directory is made once per
content (trees.py) and bound; each step's own folder is below work/in/OWNER. An owner that is gone
leaves its folder to whoever starts next, and to a gc.
"""

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

from engine.claims import Claims
from engine.content.cid import RAW, Cid
from engine.content.reader import stat
from engine.content.walk import open_tree, walk
from engine.durable import reached
from engine.errors import Refused
from engine.filesystem import write_all
from engine.folder import make_seen
from engine.step import GATHER_PAGE, GATHER_PAGE_RECORD, Gather, Step
from engine.store.base import SMALL, ContentStore
from engine.store.get import get_tree
from engine.store.writeout import EPOCH
from engine.trees import Trees
from engine.values import dataclass

MAX_GATHERED: Final = 1_000_000  # a link each; a record of some pages may claim to have millions
MAX_BINDS: Final = 16  # directories bound into one sandbox; mounts get slower with their number

_KNOWN: Final = 10_000  # inputs whose size is remembered
_ENTRY: Final = 1024  # bytes of disk that a name and its inode take, whatever is in the file
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Staged:
    """The inputs of a step on disk."""

    folder: Path | None  # seen at /in; None when there are no inputs
    trees: dict[str, Path]  # path below /in -> the directory to be bound there


def clear_dead(work: Path, claims: Claims) -> None:
    """Remove the folders of owners that are gone."""
    for folder in (work / "in").glob("*"):
        if claims.is_free(_claim(folder.name)):
            shutil.rmtree(folder, ignore_errors=True)


def _claim(owner: str) -> bytes:
    return b"in " + owner.encode()


class Staging:
    """Makes the folders of one process. Safe for its threads."""

    def __init__(self, work: Path, store: ContentStore, claims: Claims, owner: str) -> None:
        """Prepare `work` and clear what dead owners left; `owner` is a random file name.

        Raises: Unavailable when that cannot be.
        """
        self._store = store
        self._claims = claims
        self._folder = work / "in" / owner
        self._owner = _claim(owner)
        self._numbers = count(1)
        self._extents: dict[Cid, int] = {}  # of inputs
        claims.take(self._owner)
        for folder in (work, self._folder.parent, self._folder):
            make_seen(folder)
        self._trees = Trees(work, store)
        clear_dead(work, claims)

    def stage(self, step: Step, most_bytes: int | None = None) -> Staged:
        """Make the inputs of a step.

        Raises: Unavailable when content is not here or the disk is full; Damaged when it is not
        what it is named; Refused when it is over `most_bytes`.
        """
        if not (step.inputs or step.gathers):
            return Staged(None, {})
        folder = self._folder / str(next(self._numbers))
        make_seen(folder)
        staged = Staged(folder, {})
        room = _Room(most_bytes) if most_bytes is not None else None
        try:
            for name, cid in step.inputs.items():
                self._place(staged, room, name, cid)
            for name, gather in step.gathers.items():
                self._gather(staged, room, name, gather)
            os.utime(folder, ns=EPOCH)
            reached("stage.made")
        except BaseException:  # an interruption too: nobody else knows the folder
            self.discard(staged)
            raise
        return staged

    def discard(self, staged: Staged) -> None:
        """Remove the folder of a step that has ended."""
        if staged.folder is not None:
            shutil.rmtree(staged.folder)
            reached("stage.discarded")

    def close(self) -> None:
        """Remove the folders of this process."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._claims.release(self._owner)

    def _gather(self, staged: Staged, room: "_Room | None", name: str, gather: Gather) -> None:
        if staged.folder is None:
            raise ValueError("a gather with no folder")
        make_seen(staged.folder / name)
        total = 0
        for index, cid in enumerate(self._items(gather)):
            self._place(staged, room, f"{name}/{index}", cid)
            total += 1
        lines = "".join(f"/in/{name}/{index}\n" for index in range(total))
        _write(staged.folder / f"{name}.list", lines.encode())
        os.utime(staged.folder / name, ns=EPOCH)

    def _items(self, gather: Gather) -> Iterator[Cid]:
        yield from gather.items
        if len(gather.pages) * GATHER_PAGE > MAX_GATHERED:
            raise Refused(
                f"a step that gathers over {MAX_GATHERED} values", fix="gather in two steps"
            )
        for page in gather.pages:
            yield from GATHER_PAGE_RECORD.decode(self._store.get(page)).items

    def _place(self, staged: Staged, room: "_Room | None", path: str, cid: Cid) -> None:
        if staged.folder is None:
            raise ValueError("an input with no folder")
        if room is not None:
            room.take(self._extent(cid))
        place = staged.folder / path
        if cid.codec == RAW and (data := self._small(cid)) is not None:
            _write(place, data)
        elif self._is_directory(cid) and len(staged.trees) < MAX_BINDS:
            make_seen(place)
            staged.trees[path] = self._trees.place(cid)
        else:
            get_tree(self._store, cid, place, link=True)

    def _extent(self, cid: Cid) -> int:
        """Return how many bytes of disk an input says it is."""
        if cid not in self._extents:
            if len(self._extents) >= _KNOWN:
                self._extents.clear()
            self._extents[cid] = sum(entry.size + _ENTRY for entry in walk(self._store.get, cid))
        return self._extents[cid]

    def _small(self, cid: Cid) -> bytes | None:
        """Return a file that is one block and is not kept as a file of its own."""
        if self._store.path_of(cid) is not None:
            return None
        data = self._store.get(cid)
        return data if len(data) <= SMALL else None

    def _is_directory(self, cid: Cid) -> bool:
        return stat(self._store.get, open_tree(self._store.get, cid).link).kind == "directory"


class _Room:
    """What the inputs of one step may still take."""

    def __init__(self, most: int) -> None:
        self._most = self._left = most

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise Refused(f"the inputs of this step are over {self._most} bytes")


def _write(place: Path, data: bytes) -> None:
    descriptor = os.open(place, _NEW, 0o444)
    try:
        write_all(descriptor, data)
        os.fchmod(descriptor, 0o444)  # whatever the umask is
        os.utime(descriptor, ns=EPOCH)
    finally:
        os.close(descriptor)
