"""LedgerRows: the file of a ledger, row by row: each value is of the kind that its column is for.

SQLite keeps any value in any column, and a file whose pages were damaged gives rows in any order,
or several where there is one. None of that goes further than here.
"""

from collections.abc import Iterator, Sequence
from types import NoneType
from typing import Final, NamedTuple

from engine.content.cid import BYTES
from engine.errors import Damaged
from engine.sqlite import CHUNK, Row, Sqlite


class Kind(NamedTuple):
    """What a column holds."""

    types: tuple[type, ...]
    size: int = 0  # of bytes; 0: any

    def has(self, value: object) -> bool:
        """Return whether a value is of this kind."""
        if type(value) not in self.types:
            return False
        return not self.size or not isinstance(value, bytes) or len(value) == self.size


NUMBER: Final = Kind((int,))
TEXT: Final = Kind((str,))
MAYBE_TEXT: Final = Kind((str, NoneType))
BLOB: Final = Kind((bytes,))
MAYBE_BLOB: Final = Kind((bytes, NoneType))
KEY: Final = Kind((bytes,), 32)
NAME: Final = Kind((bytes,), BYTES)  # a CID


class LedgerRows(Sqlite):
    """A file whose rows are read as what they should be."""

    def read(self, query: str, kinds: Sequence[Kind], values: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query.

        Raises: as `rows`; Damaged when a value is of another kind.
        """
        rows = self.rows(query, values)
        for row in rows:
            if not all(kind.has(value) for kind, value in zip(kinds, row, strict=True)):
                raise self.damaged("a row holds what is of another kind than its column")
        return rows

    def one(self, query: str, *kinds: Kind) -> Row:
        """Return the row of a query that has one.

        Raises: as `read`; Damaged when it has none, or several.
        """
        rows = self.read(query, kinds)
        if len(rows) != 1:
            raise self.damaged("it does not say whose it is, and how far it goes, once")
        return rows[0]

    def column(
        self, query: str, values: Sequence[object] = (), kind: Kind = BLOB
    ) -> Iterator[bytes]:
        """Yield the bytes of a query for one column, read at once.

        Raises: as `read`.
        """
        return iter([found for (found,) in self.read(query, (kind,), values)])

    def in_order(
        self, query: str, kinds: Sequence[Kind], after: int | bytes, many: int = CHUNK
    ) -> Iterator[Row]:
        """Yield the rows of a query for what comes after a value, and for so many; by that value.

        It is that of their first column. Raises: as `read`; Damaged when one does not come after.
        """
        while rows := self.read(query, kinds, (after, many)):
            for row in rows:
                if row[0] <= after:
                    raise self.damaged("its rows are out of order")
                after = row[0]
                yield row

    def damaged(self, what: str) -> Damaged:
        """Return what is raised when something in the file is not as it was written."""
        return Damaged(what, where=str(self.path), fix=self._schema.when_damaged)
