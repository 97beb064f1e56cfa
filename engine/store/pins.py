"""Pins: what a person wants kept, under a name. They are roots for gc.

A name may pin many CIDs and a CID may have many names: a run's pin and a person's do not meet.
They are in the index and, for when that is lost, in a log beside it (pinlog.py).
"""

from pathlib import Path

from engine.content.cid import Cid
from engine.durable import reached
from engine.faults import writing
from engine.store.index import Index
from engine.store.pinlog import PinLog
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
                self._log.append("+", name, cid)
                reached("pin.logged")
        reached("pin.kept")

    def unpin(self, cid: Cid, name: str) -> bool:
        """Take a pin away; return whether there was one."""
        with writing(self._root, 0), self._index.change() as change:
            deleted = change.execute("DELETE FROM pins WHERE name = ? AND cid = ?", (name, cid.raw))
            if deleted.rowcount > 0:
                self._log.append("-", name, cid)
        reached("pin.dropped")
        return deleted.rowcount > 0

    def all(self) -> list[tuple[Cid, str]]:
        """Return every pin as (CID, name), by name."""
        query = "SELECT cid, name FROM pins ORDER BY name, cid"
        return [(Cid(raw), name) for raw, name in self._index.rows(query)]

    def is_logged(self) -> bool:
        """Return whether the log tells of the same pins; one that is not there yet is no lie."""
        with self._index.change():  # so that nobody is between the two
            return not self._log.exists() or self._log.read() == self._pins()

    def write_log(self) -> None:
        """Write the log anew: it is short then, and right.

        Raises: Unavailable on a full disk.
        """
        with writing(self._root, 0), self._index.change():
            self._log.write(self._pins())

    def _pins(self) -> set[tuple[str, Cid]]:
        return {(name, cid) for cid, name in self.all()}
