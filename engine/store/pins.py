"""Pins: what a person wants kept, under a name. They are roots for gc.

A name may pin many CIDs and a CID may have many names: a run's pin and a person's do not meet.
They are in the index and, for when that is lost, in a log beside it (pinlog.py).
"""

import sqlite3
from pathlib import Path

from engine.content.cid import Cid
from engine.durable import reached
from engine.faults import writing
from engine.store.index import Index
from engine.store.pinlog import Pin, PinLog
from engine.store.table import tick


class Pins:
    """The pins of one store."""

    def __init__(self, root: Path, index: Index) -> None:
        self._root = root
        self._index = index
        self._log = PinLog(root)

    def pin(self, cid: Cid, name: str) -> None:
        """Keep `cid` and all it links to; twice under one name is no change.

        Raises: Unavailable on a full disk.
        """
        with writing(self._root, 0), self._index.change() as change:
            tick(change, 0)  # so that a gc which is running looks at the pins again
            made = change.execute("INSERT OR IGNORE INTO pins VALUES (?, ?)", (name, cid.raw))
            if made.rowcount > 0:
                self._note(change, "+", name, cid)
                reached("pin.logged")
        reached("pin.kept")

    def unpin(self, cid: Cid, name: str) -> bool:
        """Take a pin away; return whether there was one.

        Raises: Unavailable on a full disk.
        """
        with writing(self._root, 0), self._index.change() as change:
            deleted = change.execute("DELETE FROM pins WHERE name = ? AND cid = ?", (name, cid.raw))
        reached("pin.dropped")
        if deleted.rowcount > 0:
            with writing(self._root, 0), self._index.change() as change:
                if (name, cid) not in _pins(change):  # else somebody has made it anew meanwhile
                    self._note(change, "-", name, cid)
        return deleted.rowcount > 0

    def _note(self, change: sqlite3.Connection, sign: str, name: str, cid: Cid) -> None:
        if self._log.exists():
            self._log.append(sign, name, cid)
        else:  # pins that an older version made have none
            self._log.write(_pins(change))

    def all(self) -> list[tuple[Cid, str]]:
        """Return every pin as (CID, name), by name."""
        query = "SELECT cid, name FROM pins ORDER BY name, cid"
        return [(Cid(raw), name) for raw, name in self._index.rows(query)]

    def of(self, name: str) -> list[Cid]:
        """Return what is pinned under a name."""
        query = "SELECT cid FROM pins WHERE name = ? ORDER BY cid"
        return [Cid(raw) for (raw,) in self._index.rows(query, (name,))]

    def settle_log(self) -> None:
        """Write the log anew unless it tells of the same pins: the index, when sound, is right.

        They differ when a process was killed between the two, or a line is damaged.

        Raises: Unavailable on a full disk.
        """
        if self._index.read_only:
            return
        with writing(self._root, 0), self._index.change() as change:  # nobody is between the two
            pins = _pins(change)
            if self._log.read() != pins:
                self._log.write(pins)


def _pins(change: sqlite3.Connection) -> set[Pin]:
    return {(name, Cid(raw)) for name, raw in change.execute("SELECT name, cid FROM pins")}
