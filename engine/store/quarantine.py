"""Quarantine: where damaged bytes are put aside, so that nobody reads them and nobody loses them.

A damaged whole file keeps serving its other blocks from there; it only stops being whole.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from engine.content.cid import Cid
from engine.durable import reached
from engine.store.index import Index
from engine.store.place import SALVAGE, WHOLE, Place, Slice
from engine.store.table import drop_slice

FOLDER = "quarantine"


class Quarantine:
    """The quarantine of one store."""

    def __init__(self, root: Path, index: Index) -> None:
        self._root = root
        self._index = index

    def block(self, cid: Cid, at: Slice, data: bytes) -> Path:
        """Put aside the bytes that stood where a block should."""
        kept = self._root / FOLDER / f"{cid}.{at.place}-{at.offset}"
        with suppress(OSError):  # on a full or failing disk the row must go all the same
            kept.write_bytes(data)
        reached("damage.copied")
        with self._index.change() as change:
            drop_slice(change, cid, at)
        reached("damage.dropped")
        return kept

    def file(self, place: Place, damaged: Sequence[tuple[Cid, Slice]]) -> Path:
        """Put aside a whole file that is no longer what it was, and forget the damaged blocks."""
        with self._index.change() as change:
            for cid, at in damaged:
                drop_slice(change, cid, at)
            kept = self.retire(change, place)
        reached("damage.retired")
        with self._index.change():  # anew: only now can no crash bring the old row back
            if not self._index.places("WHERE kind = ? AND name = ?", (WHOLE, place.name)):
                place.path(self._root).unlink(missing_ok=True)
        reached("damage.removed")
        return kept

    def retire(self, change: sqlite3.Connection, place: Place) -> Path:
        """Let a whole file only lend its blocks, from here.

        Its old name stays until this is committed, so that a crash leaves one that is right.
        """
        name = os.fsdecode(place.name).partition("/")[2] + f".{place.number}"
        kept = self._root / FOLDER / name
        change.execute(
            "UPDATE places SET kind = ?, name = ?, root = NULL WHERE number = ? AND kind = ?",
            (SALVAGE, os.fsencode(name), place.number, WHOLE),
        )
        with suppress(FileNotFoundError, FileExistsError):  # another process was faster
            kept.hardlink_to(place.path(self._root))
        reached("damage.linked")
        return kept
