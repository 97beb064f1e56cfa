"""Index: which block lies where. The store's SQLite file; its tables are in table.py.

Measured: a table WITHOUT ROWID on the binary CID takes 19-29 us a row in batches of 100 and half
the space of a rowid table with an index, and finds a block in 4.5 us. There is no index by place:
what walks a place (fsck, gc, a damaged file) scans the table, and is rare.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from engine.content.cid import Cid
from engine.sqlite import CHUNK, Fill, Row, Schema, Sqlite
from engine.store.place import Place, Slice
from engine.store.table import KEPT, PLACE, VERSIONS, place_of

SCHEMA: Final = Schema(
    versions=VERSIONS,
    what="the store's index",
    when_damaged="run `tally fsck --repair`: it is made again from what lies in the store",
)


class Index(Sqlite):
    """The index of one store."""

    def __init__(self, path: Path, recover: Fill) -> None:
        """Open the index at `path`; one that is made is filled by `recover` in the same commit.

        Raises: Unavailable when it cannot be opened; Refused when a newer version made it.
        """
        super().__init__(path, SCHEMA, recover)

    def find(self, cid: Cid) -> list[Slice]:
        """Return every place where a block lies."""
        query = "SELECT place, offset, length FROM blocks WHERE cid = ?"
        return [Slice(*row) for row in self.rows(query, (cid.raw,))]

    def find_many(self, cids: Sequence[Cid]) -> Iterator[tuple[Cid, Slice]]:
        """Yield every place where any of some blocks lies."""
        query = "SELECT cid, place, offset, length FROM blocks WHERE cid IN ({})"
        for cid, *at in self._of_many(query, cids):
            yield Cid(cid), Slice(*at)

    def kept(self, cids: Sequence[Cid]) -> dict[bytes, int]:
        """Return, of these blocks, those that the store itself keeps, and when each was put."""
        return dict(self._of_many(KEPT, cids))

    def _of_many(self, query: str, cids: Sequence[Cid]) -> Iterator[Row]:
        for start in range(0, len(cids), CHUNK):
            chunk = cids[start : start + CHUNK]
            yield from self.rows(query.format(",".join("?" * len(chunk))), chunk)

    def place(self, number: int) -> Place | None:
        """Return a place by its number."""
        return next(iter(self.places("WHERE number = ?", (number,))), None)

    def places(self, where: str = "", values: Sequence[object] = ()) -> list[Place]:
        """Return the places for which a condition holds."""
        return [place_of(row) for row in self.rows(PLACE + where, values)]
