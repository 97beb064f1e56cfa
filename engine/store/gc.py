"""gc: what nobody needs any more goes, and its space comes back.

Marking finds what roots, pins and leases lead to; sweeping deletes the rest, unless it was put
since the mark began, under a lease that lives, or in the last `keep_seconds`. Each batch of the
sweep holds the index's write lock and first marks from what has been put, pinned or held since:
so a put, a pin or a hold that returned is honoured, and one that comes later sees what is gone.
Space comes back in space.py. What the roots are is the caller's policy (retention.py).
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final

from engine.content.cid import RAW, Cid
from engine.content.links import OURS, links, walk
from engine.durable import reached
from engine.errors import Damaged, NotHere
from engine.store import leases
from engine.store.disk import DiskStore
from engine.store.reserve import given_up
from engine.store.space import estimate, reclaim
from engine.store.table import tick
from engine.values import dataclass

KEEP_SECONDS: Final = 3600  # the time a person takes to pin what they have just added
_BATCH: Final = 1_000  # rows deleted in one commit: the reserve is enough for it

LinksOf = Callable[[Cid, bytes], Iterable[Cid]]
_Row = tuple[bytes, int, int]  # cid, place, offset


@dataclass(frozen=True, slots=True)
class Swept:
    """What a gc did, or with `dry_run` would do."""

    kept: int  # blocks that roots, pins and leases lead to, not all of them here
    dropped: int  # blocks
    freed: int  # bytes of disk; files that are hard-linked from elsewhere free none


def gc(
    store: DiskStore,
    roots: Iterable[Cid],
    links_of: LinksOf = links,
    *,
    keep_seconds: int = KEEP_SECONDS,
    dry_run: bool = False,
) -> Swept:
    """Delete every block that nothing leads to: `roots` by `links_of`, pins and leases by any link.

    A block that is linked to but not here is no fault: records outlive what they speak of.

    Raises: Damaged when a block on the way was damaged: then nothing is swept, because what it
    leads to is not known. Unavailable on a full disk, or when one cannot be read.
    """
    with given_up(store.root):
        return _gc(store, roots, links_of, keep_seconds, dry_run)


def _gc(
    store: DiskStore, roots: Iterable[Cid], links_of: LinksOf, keep_seconds: int, dry_run: bool
) -> Swept:
    with store.index.change() as change:
        start = tick(change, store.clock.now_ms())
        floor = leases.floor(change, store.root / "leases", start)
    floor = min(floor, start - keep_seconds * 1000)
    mark = _Mark(store, links_of, floor)
    mark.follow(roots)
    mark.catch_up()
    dead = list(_unmarked(store, mark, floor))
    reached("gc.marked")
    if dry_run:
        return Swept(len(mark.found), _count(dead), estimate(store, dead))
    for batch in (dead[at : at + _BATCH] for at in range(0, len(dead), _BATCH)):
        _sweep(store, mark, batch, floor)
    return Swept(len(mark.found), _count(dead), reclaim(store))


class _Mark:
    """What is known to be needed, growing."""

    def __init__(self, store: DiskStore, links_of: LinksOf, since: int) -> None:
        self._store = store
        self._links_of = links_of
        self._since = since  # what has a stamp from here on is not yet followed
        self._seen = -1  # the last stamp when this was last up to date
        self.found: set[bytes] = set()
        self._whole: set[bytes] = set()  # of these, the ones of which everything is needed

    def follow(self, roots: Iterable[Cid]) -> None:
        """Mark roots and what they lead to by `links_of`."""
        self._walk(roots, self._links_of, self.found)

    def follow_all(self, roots: Iterable[Cid]) -> None:
        """Mark roots and all they lead to, though `links_of` may have passed by some of it."""
        self._walk(roots, links, self._whole)

    def _walk(self, roots: Iterable[Cid], links_of: LinksOf, seen: set[bytes]) -> None:
        def children(cid: Cid) -> Iterable[Cid]:
            return (link for link in self._children(cid, links_of) if link.raw not in seen)

        for cid in walk(children, (root for root in roots if root.raw not in seen), OURS):
            seen.add(cid.raw)
            self.found.add(cid.raw)

    def catch_up(self) -> None:
        """Mark what is pinned, held, or was put since this was last asked."""
        index = self._store.index
        now: int = index.rows("SELECT last FROM clock")[0][0]
        if now == self._seen:
            return
        fresh = index.scan("SELECT DISTINCT cid FROM blocks WHERE stamp >= ?", (self._since,))
        self.follow([Cid(raw) for (raw,) in fresh])
        self.follow_all(leases.held(index))
        self.follow_all(cid for cid, _ in self._store.pins.all())
        self._since = self._seen = now

    def _children(self, cid: Cid, links_of: LinksOf) -> Iterable[Cid]:
        if cid.codec == RAW:
            return ()
        try:
            data = self._store.get(cid)
        except NotHere:
            return ()
        except Damaged as damaged:
            damaged.fix += "; `tally gc` then goes on without it"
            raise
        with suppress(Damaged):  # its bytes are right but say nothing: so it leads nowhere
            return list(links_of(cid, data))
        return ()


def _unmarked(store: DiskStore, mark: _Mark, floor: int) -> Iterator[_Row]:
    query = "SELECT cid, place, offset FROM blocks WHERE stamp < ?"
    return (row for row in store.index.scan(query, (floor,)) if row[0] not in mark.found)


def _sweep(store: DiskStore, mark: _Mark, batch: list[_Row], floor: int) -> None:
    """Delete rows that are still not needed now that nothing can change."""
    with store.index.change() as change:
        mark.catch_up()
        change.executemany(
            "DELETE FROM blocks WHERE cid = ? AND place = ? AND offset = ? AND stamp < ?",
            [(*row, floor) for row in batch if row[0] not in mark.found],
        )
    reached("gc.swept")


def _count(rows: list[_Row]) -> int:
    return len({row[0] for row in rows})
