"""fsck: reads everything and says what is wrong. What is damaged is in quarantine afterwards.

It streams: findings come as they are found, and the store may be used meanwhile.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final, Literal

from engine.content.cid import RAW, Cid
from engine.content.links import OURS, links, walk
from engine.errors import Damaged, TallyError, Unavailable
from engine.store.disk import DiskStore
from engine.store.place import WHOLE, Place, Slice
from engine.store.reader import signature_at

_MOVE_AWAY: Final = "move it away: the next command makes it again, without its pins"
_FETCH: Final = "import or add it again"
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
    yield from _index(store)
    yield from _places(store)
    yield from _needed(store, roots, links_of)


def _index(store: DiskStore) -> Iterator[Finding]:
    for (message,) in store.index.rows("PRAGMA quick_check"):
        if message != "ok":
            path = str(store.index.path)
            yield Finding("damaged", None, f"the index: {message}", path, _MOVE_AWAY)


def _places(store: DiskStore) -> Iterator[Finding]:
    """Check place by place, in the order in which the bytes lie on the disk."""
    query = "SELECT place, offset, length, cid FROM blocks ORDER BY place, offset"
    for number, rows in groupby(store.index.scan(query), key=itemgetter(0)):
        place = store.index.place(number)
        if place is None or not store.reader.can_read(place):
            continue  # moved by a gc, or dropped a moment ago
        yield from _blocks(store, ((Cid(row[3]), Slice(*row[:3])) for row in rows))
        if place.kind == WHOLE and store.index.place(number) == place:
            yield from _file(store, place)


def _blocks(store: DiskStore, blocks: Iterable[tuple[Cid, Slice]]) -> Iterator[Finding]:
    for cid, at in blocks:
        found = store.reader.read(cid, at)
        if isinstance(found, TallyError):
            yield _finding(cid, found)


def _file(store: DiskStore, place: Place) -> Iterator[Finding]:
    """Check that a whole file is nothing but its blocks."""
    path = place.path(store.root)
    now = signature_at(path)  # None when it is gone: then each of its blocks is a finding
    if now and now != place.signature and not store.whole.restored(place):
        root = None if place.root is None else Cid(place.root)
        yield Finding("damaged", root, "a whole file is not what it was", str(path), _FETCH)


def _needed(store: DiskStore, roots: Iterable[Cid], links_of: LinksOf) -> Iterator[Finding]:
    """Check that everything needed is here; what is here was checked above."""

    def children(cid: Cid) -> Iterable[Cid]:
        if cid.codec == RAW:
            return ()
        with suppress(Damaged, Unavailable):  # it is a finding already, or the next
            return list(links_of(cid, store.get(cid)))
        return ()

    for cid in walk(children, [*roots, *(cid for cid, _ in store.pins.all())], OURS):
        if not store.has(cid):
            yield Finding("missing", cid, f"block {cid} is needed and not here", str(cid), _FETCH)


def _finding(cid: Cid, error: TallyError) -> Finding:
    problem: Literal["damaged", "missing"] = "damaged" if isinstance(error, Damaged) else "missing"
    return Finding(problem, cid, error.what, error.where, error.fix)
