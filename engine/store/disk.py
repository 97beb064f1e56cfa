"""DiskStore: the content store on a disk. For many processes and threads at once.

    index.db      which block lies where; pins; leases (index.py)
    packs/        small blocks, appended (packs.py)
    files/        whole files over 64 KiB, read-only, to be hard-linked (whole.py)
    quarantine/   damaged bytes, out of the way (quarantine.py)
    leases/       one locked file for each process that puts (leases.py)
    pins.log      the pins again, for when the index is lost (pinlog.py)
    reserve       space that gc needs on a full disk (reserve.py)

What `put` or `commit` returned from survives kill -9 and power loss. Nothing is ever unlocked by
hand. Collecting and checking are in gc.py and fsck.py; this file only puts the parts together.

>>> with DiskStore(root) as store:                                       # doctest: +SKIP
...     store.put([Block(Cid.of(RAW, b"hello"), b"hello")])
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from engine.clock import Clock, SystemClock
from engine.content.blocks import MAX_BLOCK, Block
from engine.content.cid import Cid
from engine.faults import writing
from engine.store import reserve
from engine.store.base import Leaf
from engine.store.blocks import batches
from engine.store.borrowed import Borrowed
from engine.store.index import Index
from engine.store.leases import Lease
from engine.store.packs import Packs
from engine.store.pins import Pins
from engine.store.place import IN_PLACE
from engine.store.reader import RangeReader, Reader
from engine.store.recover import recover
from engine.store.whole import WholeFile, WholeFiles
from engine.store.writer import Writer

_FOLDERS: Final = ("packs", "files", "quarantine", "leases")
_NO_READERS: Final[Mapping[str, RangeReader]] = MappingProxyType({})


class DiskStore(AbstractContextManager["DiskStore"]):
    """A ContentStore (engine/store/base.py) on a disk, with pins and leases."""

    def __init__(
        self,
        root: Path,
        *,
        readers: Mapping[str, RangeReader] = _NO_READERS,
        clock: Clock | None = None,
    ) -> None:
        """Open the store at `root`, made when absent.

        Raises: Unavailable when it cannot be opened; Refused when a newer version made it.
        """
        self.root = root
        with writing(root, 0):
            root.mkdir(parents=True, exist_ok=True)
            for folder in _FOLDERS:
                (root / folder).mkdir(mode=0o755, exist_ok=True)
        reserve.make(root)
        self.clock = clock or SystemClock()
        found = partial(recover, root=root, now_ms=self.clock.now_ms())
        self.index = Index(root / "index.db", found)  # these are for gc.py, space.py and fsck.py
        self.packs = Packs(root / "packs", self.index)
        lease = Lease(root / "leases")
        self.writer = Writer(root, self.index, self.packs, lease, self.clock)
        self.reader = Reader(root, self.index, readers)
        self.whole = WholeFiles(root, self.index, self.writer)
        self.pins = Pins(root, self.index)
        self._borrowed = Borrowed(self.index, self.writer)

    def get(self, cid: Cid) -> bytes:
        """Return the bytes of `cid`, checked against it.

        Raises: Unavailable when they are not here; Damaged when they are here but changed.
        """
        return self.reader.get(cid)

    def put(self, blocks: Iterable[Block]) -> None:
        """Keep blocks; when this returns they are durable. Putting one twice is no change.

        Raises: Damaged for a block that does not match its name; Unavailable on a full disk.
        """
        for batch in batches(blocks):
            self.writer.keep(batch)

    def has(self, cid: Cid) -> bool:
        """Return whether `get` would find `cid`, without reading it.

        It may be swept by a gc a moment later: what a running step needs is put again or held.
        """
        return self.reader.has(cid)

    def get_many(self, cids: Sequence[Cid], longest: int = MAX_BLOCK) -> dict[Cid, bytes]:
        """Return those blocks that are here and right, checked; for any other ask `get` why."""
        return self.reader.get_many(cids, longest)

    def has_many(self, cids: Sequence[Cid]) -> set[Cid]:
        """Return those that `has` would find."""
        return self.reader.has_many(cids)

    def new_file(self) -> WholeFile:
        """Begin a whole file.

        Raises: Unavailable on a full disk.
        """
        return self.whole.begin()

    def adopt_in_place(
        self, path: Path, root: Cid, leaves: Sequence[Leaf], nodes: Sequence[Block]
    ) -> None:
        """Index a user's own file where it is, without copying it; dropped when it changes.

        Raises: Unavailable when it cannot be read; Refused when it is not a regular file.
        """
        self._borrowed.in_place(path, root, leaves, nodes)

    def put_derived(
        self,
        kind: str,
        locator: str,
        leaves: Sequence[Leaf],
        nodes: Sequence[Block],
        *,
        instead: bool = False,
    ) -> None:
        """Index blocks that `readers[kind](locator, offset, length)` makes again when asked.

        With `instead`, copies of the leaves that lie in packs are given up.

        Raises: Unavailable on a full disk.
        """
        self._borrowed.derived(kind, locator, leaves, nodes, instead)

    def derived(self, kind: str) -> frozenset[str]:
        """Return the locators that blocks here are still made from by `readers[kind]`."""
        query = "SELECT name FROM places WHERE kind = ? AND number IN (SELECT place FROM blocks)"
        return frozenset(os.fsdecode(name) for (name,) in self.index.rows(query, (kind,)))

    def derived_sizes(self, kind: str) -> dict[str, int]:
        """Return those locators with how many bytes blocks are made from."""
        query = """SELECT name, sum(length) FROM places JOIN blocks ON number = place
            WHERE kind = ? GROUP BY number"""
        return {os.fsdecode(name): size for name, size in self.index.rows(query, (kind,))}

    def path_of(self, root: Cid) -> Path | None:
        """Return the store's own read-only file (0444) that holds exactly `root`, if there is one.

        None when it is kept as small blocks or in a user's own file, or was found damaged before.

        Raises: Damaged when it is found to be, and some of it was in no other place.
        """
        return self.whole.path_of(root)

    def hold(self, cids: Iterable[Cid]) -> None:
        """Keep these, and all they link to, from every gc while this process has its lease.

        Raises: Unavailable on a full disk.
        """
        self.writer.hold(cids)

    def move_lease(self, cids: Iterable[Cid]) -> None:
        """Keep these, and all they link to, and what was put or held since this was last called.

        What this process put or held before that, a gc may have: for a process that lives long.

        Raises: Unavailable on a full disk: then all stays as it is.
        """
        self.writer.move_lease(cids)

    def mark(self) -> bytes | None:
        """Return what is another mark as soon as a copy of any block was given up.

        None while some lie in files of the user's own, which go without a word.
        """
        query = "SELECT mark FROM mark WHERE NOT EXISTS (SELECT 1 FROM places WHERE kind = ?)"
        return next((mark for (mark,) in self.index.rows(query, (IN_PLACE,))), None)

    def release_lease(self) -> None:
        """Let gc have what this process put and did not pin; the next put takes a new lease."""
        self.writer.release_lease()

    def close(self) -> None:
        """End the lease and close every file."""
        self.writer.close()
        self.reader.close()
        self.index.close()

    def __exit__(self, *raised: object) -> None:
        self.close()
