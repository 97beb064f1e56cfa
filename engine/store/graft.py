"""Graft: content that others cut in another way, read and added anew, as `tally add` would.

What is kept is content, names and symlinks; modes and times of others are not, so nothing in it is
executable. Names are kept as they are, those too that `tally add` would not take.
"""

from collections.abc import Iterable
from typing import Final

from engine.content.cid import RAW, Cid
from engine.content.dagpb import Link
from engine.content.reader import Get, read
from engine.content.walk import Entry, walk
from engine.errors import Damaged
from engine.store.base import SMALL, ContentStore
from engine.store.intake import Intake
from engine.store.treebuilder import Added, TreeBuilder

MAX_SIZE: Final = 64 * 2**30  # bytes of all files: as many as a URL may give (engine/downloads.py)
MAX_READS: Final = 4_000_000  # of blocks, each as often as it is: 4 GiB in leaves of 1 KiB


def graft(store: ContentStore, get: Get, root: Cid) -> Added:
    """Add what is at `root`; return it when all of it is durable.

    Raises: as `get`; Damaged when it is malformed, or over a bound; Refused for what is no file,
    directory or symlink; Unavailable on a full disk.
    """
    intake = Intake(store)
    grafted = _Graft(get, intake).run(root)
    intake.flush()
    return grafted


class _Graft:
    """One walk, which feeds a TreeBuilder."""

    def __init__(self, get: Get, intake: Intake) -> None:
        self._from = get
        self._intake = intake
        self._tree = TreeBuilder(intake, any_name=True)
        self._files: dict[Cid, tuple[Link, int]] = {}  # one that is there often is read once
        self._left = MAX_SIZE
        self._reads = MAX_READS

    def run(self, root: Cid) -> Added:
        for entry in walk(self._get, root):
            if entry.kind == "directory":
                self._tree.directory(entry.path)
            elif entry.kind == "symlink":
                self._tree.symlink(entry.path, entry.target)
            else:
                self._file(entry)
        return self._tree.finish()

    def _file(self, entry: Entry) -> None:
        if entry.cid not in self._files:
            self._files[entry.cid] = self._anew(entry)
        link, size = self._files[entry.cid]
        self._tree.check(entry.path)
        self._tree.placed(entry.path, False, link, size)

    def _anew(self, entry: Entry) -> tuple[Link, int]:
        if entry.cid.codec == RAW:  # its size is what the directory claims that it is in
            data = self._get(entry.cid)
            return self._take([data], len(data), entry.cid)
        return self._take(read(self._get, entry.cid), entry.size, entry.cid)

    def _take(self, content: Iterable[bytes], size: int, cid: Cid) -> tuple[Link, int]:
        if size > self._left:
            what = f"content of over {MAX_SIZE} bytes"
            raise Damaged(what, where=str(cid), fix="name a part of it by the CID of that")
        self._left -= size
        if size <= SMALL:
            return self._intake.small(b"".join(content)), size
        return self._intake.stream(_Bytes(content))

    def _get(self, cid: Cid) -> bytes:
        self._reads -= 1
        if self._reads < 0:
            what = f"content in over {MAX_READS} blocks"
            raise Damaged(what, where=str(cid), fix="have it added again in larger blocks")
        return self._from(cid)


class _Bytes:
    """Pieces, as a stream."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")

    def readinto(self, buffer: memoryview) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
