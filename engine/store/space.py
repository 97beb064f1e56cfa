"""Space: files in which nothing is needed any more are removed, packs that are mostly dead packed.

A removal happens under the index's write lock, as every adoption of a file does: so what has just
been put is never removed. A process that still reads from a removed pack has it open, or asks the
index again.
"""

import os
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from engine.content.cid import Cid
from engine.durable import reached
from engine.errors import Damaged, Unavailable
from engine.locks import open_locked
from engine.store.disk import DiskStore
from engine.store.leases import leases_of_nobody
from engine.store.packs import HEADER
from engine.store.place import PACK, WHOLE, Place
from engine.store.quarantine import Quarantine
from engine.store.table import drop_place
from engine.store.whole import TEMPORARY

_DEAD_SHARE: Final = 2  # a file is packed anew when under 1 in 2 of its bytes is needed
_MOVE: Final = 16 * 1024 * 1024  # bytes copied in one commit
_AT_ONCE: Final = 256  # files that one gc packs anew: each pack is held open
_UNNEEDED: Final = (
    "WHERE kind = 'whole' AND NOT EXISTS (SELECT 1 FROM blocks WHERE cid = places.root)"
)
_SALVAGED: Final = """
    SELECT cid, place, offset FROM blocks
    WHERE place IN (SELECT number FROM places WHERE kind = 'salvage')"""


def estimate(store: DiskStore, dead: Collection[tuple[bytes, int, int]]) -> int:
    """Return how many bytes `reclaim` would free if these rows (cid, place, offset) went."""
    gone = set(dead)
    live: dict[int, int] = {}
    for cid, place, offset, length in store.index.scan(
        "SELECT cid, place, offset, length FROM blocks"
    ):
        if (cid, place, offset) not in gone:
            live[place] = live.get(place, 0) + length + HEADER
    places = [(place, live.get(place.number, 0)) for place in store.index.places()]
    return sum(p.signature.size - size for p, size in places if _mostly_dead(p, size))


def reclaim(store: DiskStore) -> int:
    """Give back the space of what is not in the index; return how many bytes that was.

    Raises: Unavailable on a full disk, after what takes no space to remove is gone.
    """
    store.writer.release_pack()
    _retire(store)
    _drop_spare(store)
    freed = _remove_strays(store) + _remove_empty(store)
    moved = _pack_anew(store)
    return freed + _remove_empty(store) - moved


def renew(store: DiskStore, packs: Collection[Path]) -> None:
    """Copy what lies in some packs elsewhere, and remove them; not those that a process writes to.

    Raises: Unavailable on a full disk.
    """
    store.writer.release_pack()
    with ExitStack() as locks:
        for place in store.index.places("WHERE kind = ?", (PACK,)):
            if place.path(store.root) in packs and _held(store, place, locks):
                _move_out(store, place)
    _remove_empty(store)


def _retire(store: DiskStore) -> None:
    """Take files that are not needed as a whole out of files/; they only lend their blocks now.

    In one change, so that a file which is put at this moment is either here already or new. Their
    names in files/ are then strays.
    """
    with store.index.change() as change:
        for place in store.index.places(_UNNEEDED):
            store.reader.forget(place.number)
            Quarantine(store.root, store.index).retire(change, place)
    reached("gc.retired")


def _drop_spare(store: DiskStore) -> None:
    """Give up salvaged copies of blocks that lie, unharmed, somewhere better."""
    salvaged = store.index.rows(_SALVAGED)
    spare = [row for row in salvaged if _lies_elsewhere(store, Cid(row[0]))]
    with store.index.change() as change:
        change.executemany("DELETE FROM blocks WHERE cid = ? AND place = ? AND offset = ?", spare)
    reached("gc.spared")


def _lies_elsewhere(store: DiskStore, cid: Cid) -> bool:
    """Return whether a pack or a whole file has a block; it is read, because it may be damaged."""
    for at in store.index.find(cid):
        place = store.index.place(at.place)
        is_better = place is not None and place.kind in (PACK, WHOLE)
        if is_better and isinstance(store.reader.read(cid, at), bytes):
            return True
    return False


def _mostly_dead(place: Place, live: int) -> bool:
    return place.solid and live * _DEAD_SHARE < place.signature.size


def _remove_empty(store: DiskStore) -> int:
    """Remove the places in which no block lies."""
    freed = 0
    with ExitStack() as locks, store.index.change() as change:
        used = {number for (number,) in change.execute("SELECT DISTINCT place FROM blocks")}
        for place in store.index.places():
            if place.number not in used and (place.kind != PACK or _held(store, place, locks)):
                drop_place(change, place.number)
                store.reader.forget(place.number)
                freed += _unlink(place.path(store.root)) if place.solid else 0
                reached("gc.removed")
    reached("gc.emptied")
    return freed


def _held(store: DiskStore, place: Place, locks: ExitStack) -> bool:
    """Take a pack's lock until `locks` end, after the commit; False when a process has it.

    Whoever opens the pack meanwhile finds it locked, and then gone.
    """
    descriptor = store.packs.hold(place)
    if descriptor is not None:
        locks.callback(os.close, descriptor)
    return descriptor is not None or not place.path(store.root).exists()


def _pack_anew(store: DiskStore) -> int:
    """Copy what is needed out of mostly dead files; return how many bytes that took."""
    places = store.index.places("WHERE kind != ?", (WHOLE,))
    live = _live(store)  # after the places: so a place that is begun meanwhile does not look dead
    mostly_dead = [place for place in places if _mostly_dead(place, live.get(place.number, 0))]
    with ExitStack() as locks:  # all are held first: none is then what the others are copied to
        held = [
            place
            for place in mostly_dead[:_AT_ONCE]
            if place.kind != PACK or _held(store, place, locks)
        ]
        return sum(_move_out(store, place) for place in held)


def _live(store: DiskStore) -> dict[int, int]:
    query = "SELECT place, sum(length + ?) FROM blocks GROUP BY place"
    return dict(store.index.rows(query, (HEADER,)))


def _move_out(store: DiskStore, place: Place) -> int:
    """Copy what is left in a place to the pack of this process; return how many bytes."""
    moved, batch, size = 0, {}, 0
    rows = store.index.rows("SELECT DISTINCT cid FROM blocks WHERE place = ?", (place.number,))
    for cid in (Cid(raw) for (raw,) in rows):
        try:
            batch[cid] = store.get(cid)
        except (Damaged, Unavailable):  # it is in quarantine now, and fsck says so
            continue
        size += HEADER + len(batch[cid])
        if size >= _MOVE:
            store.writer.move(batch, place.number)
            moved, batch, size = moved + size, {}, 0
    store.writer.move(batch, place.number)
    reached("gc.moved")
    return moved + size


def _remove_strays(store: DiskStore) -> int:
    """Remove files that processes left behind when they were killed before their commit."""
    with store.index.change():
        known = {place.path(store.root) for place in store.index.places() if place.solid}
        strays = [path for path in store.root.glob("files/??/*") if path not in known]
        packs = [path for path in store.root.glob("packs/*") if path not in known]
        unwritten = store.root.glob(f"files/{TEMPORARY}*")
        leases = leases_of_nobody(store.index, store.root / "leases")
        abandoned = (*packs, *unwritten, *leases)
        freed = sum(map(_unlink, strays)) + sum(map(_unlink_abandoned, abandoned))
        reached("gc.cleared")
        return freed


def _unlink_abandoned(path: Path) -> int:
    """Remove a file unless a process holds its lock."""
    descriptor = open_locked(path)
    if descriptor is None:
        return 0
    try:
        return _unlink(path)
    finally:
        os.close(descriptor)


def _unlink(path: Path) -> int:
    """Remove a file; return how many bytes that frees: none while it is linked from elsewhere."""
    try:
        status = path.stat()
        path.unlink()
    except FileNotFoundError:
        return 0
    return status.st_size if status.st_nlink == 1 else 0
