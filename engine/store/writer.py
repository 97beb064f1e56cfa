"""Writer: how blocks become durable. Bytes first, then the index: never a row without its bytes.

A batch is one append to a pack, one fdatasync and one commit. A block that is here already is
only stamped, and not even that when it was put since this process took its lease: nothing sweeps
it then. Whether it is *still* here is asked in the same transaction that relies on it, so a put
wins over a sweep that runs at the same time.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from engine.clock import Clock
from engine.content.cid import Cid
from engine.durable import reached
from engine.faults import writing
from engine.store.index import Index
from engine.store.leases import Lease
from engine.store.packs import HEADER, Packs
from engine.store.table import insert_slices, redirect, tick, touch

_COMMIT: Final = 64 * 1024  # bytes of index that a batch may need besides its blocks

Also = Callable[[sqlite3.Connection, int], None]  # more changes of the same commit; gets its stamp


def _nothing_more(change: sqlite3.Connection, stamp: int) -> None:
    """Change nothing else."""


class Writer:
    """The one way into the store's packs and index, for all threads of a process."""

    def __init__(self, root: Path, index: Index, packs: Packs, lease: Lease, clock: Clock) -> None:
        self._root, self._index, self._packs = root, index, packs
        self._lease, self._clock = lease, clock
        self._lock = threading.RLock()
        self._process = os.getpid()

    def keep(self, blocks: Mapping[Cid, bytes], also: Also | None = None) -> None:
        """Make a batch durable, and with it what `also` changes.

        Raises: Unavailable on a full disk: then nothing has changed.
        """
        if os.getpid() != self._process:  # two writers at one offset, and SQLite forbids it
            raise ValueError("a store is not used across a fork")
        with self._lock:
            here, new = self._sorted(blocks)
            if not (here or new or also):
                return
            vanished = self._commit(here, new, also or _nothing_more)
            if vanished:  # a sweep was faster: they are new
                self._commit((), {cid: blocks[cid] for cid in vanished}, _nothing_more)

    def _sorted(self, blocks: Mapping[Cid, bytes]) -> tuple[list[Cid], dict[Cid, bytes]]:
        """Return which blocks are here but not yet under the lease, and which are not here."""
        here, new = [], {}
        kept = self._index.kept(list(blocks))
        for cid, data in blocks.items():
            stamp = kept.get(cid)
            if stamp is None:
                new[cid] = data
            elif self._lease.stamp is None or stamp < self._lease.stamp:
                here.append(cid)
        return here, new

    def _commit(self, here: Iterable[Cid], new: Mapping[Cid, bytes], also: Also) -> list[Cid]:
        """Append, sync, commit; return those of `here` that were swept meanwhile."""
        needed = sum(HEADER + len(data) for data in new.values()) + _COMMIT
        with writing(self._root, needed):
            slices = self._packs.append(new) if new else {}
            try:
                with self._index.change() as change:
                    stamp = tick(change, self._clock.now_ms())
                    self._lease.ensure(change, stamp)
                    vanished = [c for c in here if not touch(change, c, stamp)]
                    insert_slices(change, slices, stamp)
                    also(change, stamp)
                    reached("batch.entered")
            except BaseException:  # an interruption too: what was appended has no commit
                self._packs.release()  # whoever takes it next asks the index where it ends
                raise
        reached("batch.kept")
        self._lease.took(stamp)
        self._packs.committed(slices)
        return vanished

    def change(self, also: Also) -> None:
        """Make a change of the index alone, durably.

        Raises: Unavailable on a full disk: then nothing has changed.
        """
        self.keep({}, also)

    def hold(self, cids: Iterable[Cid]) -> None:
        """Keep these, and all they link to, as long as this process has its lease."""
        self.change(lambda change, _: self._lease.hold(change, cids))

    def move_lease(self, cids: Iterable[Cid]) -> None:
        """Hold only these from now on, and what was put or held since this was last done."""
        stamps: list[int] = []

        def move(change: sqlite3.Connection, stamp: int) -> None:
            self._lease.move(change, cids)
            stamps.append(stamp)

        with self._lock:
            self.change(move)
            self._lease.moved(stamps[-1])

    def release_lease(self) -> None:
        """End the lease; the next put takes a new one."""
        with self._lock:
            self._lease.end(self._index)

    def move(self, blocks: Mapping[Cid, bytes], place: int) -> None:
        """Copy blocks that lie in `place` into a pack and drop them there, in one commit."""
        if not blocks:
            return
        with self._lock, writing(self._root, sum(len(data) for data in blocks.values())):
            slices = self._packs.append(blocks)
            try:
                with self._index.change() as change:
                    redirect(change, slices, place)
            except BaseException:  # as above
                self._packs.release()
                raise
            self._packs.committed(slices)

    def release_pack(self) -> None:
        """Let another process, or a compaction, have the pack."""
        with self._lock:
            self._packs.release()

    def close(self) -> None:
        """End the lease and let go of the pack."""
        with self._lock:
            self._packs.release()
            self._lease.end(self._index)
