"""fsck: reads everything and says what is wrong. What is damaged is in quarantine afterwards.

It streams: findings come as they are found, and the store may be used meanwhile. What a pack says
of its own blocks, for when the index is lost, is checked too; `renew` in space.py puts that right.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, suppress
from itertools import groupby
from operator import itemgetter
from typing import Final, Literal

from engine.content.cid import RAW, Cid
from engine.content.links import OURS, links, walk
from engine.errors import Damaged, TallyError, Unavailable
from engine.store.disk import DiskStore
from engine.store.packs import HEADER
from engine.store.place import PACK, WHOLE, Place, Slice
from engine.store.reader import signature_at
from engine.values import dataclass

REPAIR: Final = "run `tally fsck --repair`"
_FETCH: Final = f"{REPAIR}, or import or add it again"
LinksOf = Callable[[Cid, bytes], Iterable[Cid]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    problem: Literal["damaged", "missing"]
    cid: Cid | None  # the block or file that it is about; None for the index itself
    what: str
    where: str
    fix: str


def fsck(
    store: DiskStore, roots: Iterable[Cid] = (), links_of: LinksOf = links
) -> Iterator[Finding]:
    """Check the index, every block, every whole file, and that what `roots` and pins need is here.

    Blocks that can only be made again by a reader this store was opened without are left out.
    """
    yield from scan(store)
    yield from needed(store, roots, links_of)


def scan(store: DiskStore) -> Iterator[Finding]:
    """Check the index, every block and every whole file."""
    yield from _index(store)
    yield from _places(store)


def _index(store: DiskStore) -> Iterator[Finding]:
    for (message,) in store.index.rows("PRAGMA quick_check"):
        if message != "ok":
            path = str(store.index.path)
            yield Finding("damaged", None, f"the index: {message}", path, REPAIR)
    store.pins.settle_log()


def _places(store: DiskStore) -> Iterator[Finding]:
    """Check place by place, in the order in which the bytes lie on the disk."""
    query = "SELECT place, offset, length, cid FROM blocks ORDER BY place, offset"
    for number, rows in groupby(store.index.scan(query), key=itemgetter(0)):
        place = store.index.place(number)
        if place is None or not store.reader.can_read(place):
            continue  # moved by a gc, or dropped a moment ago
        blocks = ((Cid(row[3]), Slice(*row[:3])) for row in rows)
        yield from _pack(store, place, blocks) if place.kind == PACK else _blocks(store, blocks)
        if place.kind == WHOLE and store.index.place(number) == place:
            yield from _file(store, place)


def _blocks(store: DiskStore, blocks: Iterable[tuple[Cid, Slice]]) -> Iterator[Finding]:
    for cid, at in blocks:
        found = store.reader.read(cid, at)
        if isinstance(found, TallyError):
            yield _finding(cid, found)


def _pack(store: DiskStore, place: Place, blocks: Iterable[tuple[Cid, Slice]]) -> Iterator[Finding]:
    """Check blocks, and that the index could be made again from their pack."""
    path = place.path(store.root)
    with ExitStack() as opened:
        pack = None
        with suppress(OSError):  # it is a finding of each block
            pack = opened.enter_context(path.open("rb", buffering=0)).fileno()
        for cid, at in blocks:
            found = list(_blocks(store, [(cid, at)]))
            yield from found
            if not found and pack is not None and not _is_headed(pack, cid, at):
                what = f"block {cid} is right, but not what its pack says of it"
                yield Finding("damaged", cid, what, str(path), REPAIR)


def _is_headed(pack: int, cid: Cid, at: Slice) -> bool:
    return os.pread(pack, HEADER, at.offset - HEADER) == cid.raw + at.length.to_bytes(4, "big")


def _file(store: DiskStore, place: Place) -> Iterator[Finding]:
    """Check that a whole file is nothing but its blocks."""
    path = place.path(store.root)
    now = signature_at(path)  # None when it is gone: then each of its blocks is a finding
    if now and now != place.signature and not _is_restored(store, place):
        root = None if place.root is None else Cid(place.root)
        yield Finding("damaged", root, "a whole file is not what it was", str(path), _FETCH)


def _is_restored(store: DiskStore, place: Place) -> bool:
    try:
        return store.whole.restored(place)
    except Damaged:  # meanwhile: its blocks were read a moment ago
        return False


def needed(
    store: DiskStore, roots: Iterable[Cid], links_of: LinksOf = links, partly: Collection[str] = ()
) -> Iterator[Finding]:
    """Check that everything that `roots` and pins need is here; whether it is right, scan says.

    Pins of the names `partly` keep what they lead to as far as it is here, and need none of it.
    """

    def children(cid: Cid) -> Iterable[Cid]:
        if cid.codec == RAW:
            return ()
        with suppress(Damaged, Unavailable):  # it is a finding already, or the next
            return list(links_of(cid, store.get(cid)))
        return ()

    pinned = [cid for cid, name in store.pins.all() if name not in partly]
    for cid in walk(children, [*roots, *pinned], OURS):
        if not store.has(cid):
            yield not_here(cid)


def not_here(cid: Cid) -> Finding:
    """Return what is said of a block that is needed."""
    return Finding("missing", cid, f"block {cid} is needed and not here", str(cid), _FETCH)


def _finding(cid: Cid, error: TallyError) -> Finding:
    problem: Literal["damaged", "missing"] = "damaged" if isinstance(error, Damaged) else "missing"
    return Finding(problem, cid, error.what, error.where, error.fix)
