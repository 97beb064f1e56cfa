"""Pins: what a person wants kept, under a name. They are roots for gc.

A name may pin many CIDs and a CID may have many names: a run's pin and a person's do not meet.
"""

from engine.content.cid import Cid
from engine.durable import reached
from engine.store.index import Index
from engine.store.table import tick


class Pins:
    """The pins of one store."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def pin(self, cid: Cid, name: str) -> None:
        """Keep `cid` and all it links to; twice under one name is no change.

        Raises: Unavailable on a full disk.
        """
        with self._index.change() as change:
            tick(change, 0)  # so that a gc which is running looks at the pins again
            change.execute("INSERT OR IGNORE INTO pins VALUES (?, ?)", (name, cid.raw))
        reached("pin.kept")

    def unpin(self, cid: Cid, name: str) -> bool:
        """Take a pin away; return whether there was one."""
        with self._index.change() as change:
            deleted = change.execute("DELETE FROM pins WHERE name = ? AND cid = ?", (name, cid.raw))
        reached("pin.dropped")
        return deleted.rowcount > 0

    def all(self) -> list[tuple[Cid, str]]:
        """Return every pin as (CID, name), by name."""
        query = "SELECT cid, name FROM pins ORDER BY name, cid"
        return [(Cid(raw), name) for raw, name in self._index.rows(query)]
