"""Book: peers.db, what this home has agreed with other peers and said to them.

The only file that opens it; the SQL of each part is in a file of its own (provider_book.py).
Whoever needs tables adds a version: one that was released is never changed.

    engaged     by a provider: what it accepted, and when it last did something under it
    leased      the leases under that, with their steps
    handed      the batches that it signed, until their requester has them
    done        what it said of each step, in which batch
    cached      what it keeps of content that others had brought here
    spot        where the file is (ledger_place.py): a copy, or one that was put back, is elsewhere
    word        of each step the result that it gave its word for, and when it last began to run it
    forgotten   when the last step was begun that word has no more
"""

from pathlib import Path
from sqlite3 import Connection
from typing import Final

from engine.sqlite import Schema, Sqlite
from peers.ledger_place import spot_of

_PROVIDER: Final = """
CREATE TABLE engaged (
    agreement BLOB PRIMARY KEY, requester BLOB NOT NULL, offer BLOB NOT NULL,
    acceptance BLOB NOT NULL, used_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX engaged_by ON engaged (requester);
CREATE TABLE leased (
    agreement BLOB, number INTEGER, lease BLOB NOT NULL, steps BLOB NOT NULL,
    is_over INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (agreement, number)) WITHOUT ROWID;
CREATE TABLE handed (
    agreement BLOB, number INTEGER, batch BLOB NOT NULL, is_confirmed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (agreement, number)) WITHOUT ROWID;
CREATE TABLE done (
    agreement BLOB, number INTEGER, place INTEGER, step BLOB NOT NULL, result BLOB NOT NULL,
    attestation BLOB NOT NULL, size INTEGER NOT NULL, succeeded INTEGER NOT NULL,
    PRIMARY KEY (agreement, number, place)) WITHOUT ROWID;
CREATE INDEX done_of ON done (step);
CREATE TABLE cached (
    root BLOB PRIMARY KEY, is_environment INTEGER NOT NULL, size INTEGER NOT NULL,
    used_ms INTEGER NOT NULL) WITHOUT ROWID;
"""
_WORD: Final = """
CREATE TABLE word (
    step BLOB PRIMARY KEY, result BLOB NOT NULL, started_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE forgotten (
    one INTEGER PRIMARY KEY CHECK (one = 1), started_ms INTEGER NOT NULL);
"""
_SPOT: Final = """
CREATE TABLE spot (
    one INTEGER PRIMARY KEY CHECK (one = 1), inode TEXT NOT NULL, born TEXT NOT NULL,
    is_new INTEGER NOT NULL);
"""
SCHEMA: Final = Schema(
    versions=(_PROVIDER, _WORD, _SPOT),
    what="the book of this peer",
    when_damaged="put it aside: what was agreed and not ended is then forgotten",
)


class Book(Sqlite):
    """What was agreed in one home. Safe for many threads."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`, made when absent.

        Raises: Unavailable when it cannot be opened; Refused when a newer version made it.
        """
        super().__init__(path, SCHEMA, lambda change: self._note(change, is_new=True))

    @property
    def is_other(self) -> bool:
        """Whether it is not the file that this home had before: what was said may be lost."""
        spot = spot_of(self.path)
        here = (str(spot.inode), str(spot.born))
        rows = self.rows("SELECT inode, born, is_new FROM spot")
        return any(bool(is_new) or (inode, born) != here for inode, born, is_new in rows)

    def accept(self) -> None:
        """Take it for the file of this home from now on."""
        with self.change() as change:
            self._note(change, is_new=False)

    def _note(self, change: Connection, *, is_new: bool) -> None:
        spot = spot_of(self.path)
        change.execute(
            "INSERT OR REPLACE INTO spot VALUES (1, ?, ?, ?)",
            (str(spot.inode), str(spot.born), is_new),
        )
