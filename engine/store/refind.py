"""Refind: blocks that lie in the store and that its index no longer knows of.

A row may be lost with a page of the index, or with the log of a killed process; the bytes in a
pack, or a whole file, are still there until a gc takes them for leftovers.
"""

from collections.abc import Collection
from pathlib import Path

from engine.content.cid import Cid
from engine.durable import reached
from engine.store.disk import DiskStore
from engine.store.place import PACK, WHOLE
from engine.store.reader import signature_at
from engine.store.recover import Found, enter_file, found_file, framed
from engine.store.table import insert_leaves, tick


def refind(store: DiskStore, wanted: Collection[Cid]) -> None:
    """Look for blocks in all packs, and for whole files without a row; index what is found.

    Every byte of them is read, and checked.

    Raises: Unavailable on a full disk.
    """
    _in_packs(store, frozenset(wanted))
    _files(store)
    reached("index.refound")


def _in_packs(store: DiskStore, wanted: frozenset[Cid]) -> None:
    for place in store.index.places("WHERE kind = ?", (PACK,)):
        path = place.path(store.root)
        if not path.exists():
            continue
        leaves = [leaf for leaf in framed(path) if leaf.cid in wanted]
        with store.index.change() as change:
            now = store.index.place(place.number)  # None when a gc was faster
            size = 0 if now is None else now.signature.size  # behind it nothing stays
            here = [leaf for leaf in leaves if leaf.offset + leaf.length <= size]
            insert_leaves(change, place.number, here, tick(change, store.clock.now_ms()))


def _files(store: DiskStore) -> None:
    known = {place.path(store.root) for place in store.index.places("WHERE kind = ?", (WHOLE,))}
    for path in sorted(store.root.glob("files/??/*")):
        if path in known:
            continue
        found = found_file(store.index.rows, path, store.root / "packs")
        if found is not None:  # read while others write
            with store.index.change() as change:
                if _is_unknown(store, path, found):
                    enter_file(change, found, tick(change, store.clock.now_ms()))


def _is_unknown(store: DiskStore, path: Path, found: Found) -> bool:
    """Return whether a file is still what was read, and nobody has indexed it meanwhile."""
    same = store.index.places("WHERE kind = ? AND name = ?", (WHOLE, found.name))
    return not same and signature_at(path) == found.signature
