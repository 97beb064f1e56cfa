"""CatalogueFile: HOME/catalogue.db, what this home knows of Open Resources; for many processes.

    postings    announcements and endorsements as they came, one of each key (posting.py), in the
                order in which the first of that key did; and of whom this peer has each
    wanted      Releases that the user uses

All but what this home said itself can be had again from other peers, and that is apart, too
(own_postings.py): a file that is damaged or gone is made anew from it, and what can be read.

>>> with CatalogueFile(home) as file: file.put(block.data, now_ms)       # doctest: +SKIP
True
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from sqlite3 import Connection
from typing import Final, NamedTuple, TypeVar

from engine.content.cid import Cid, are_cids
from engine.errors import Damaged, Refused
from engine.salvage import Rows, carry_all, salvage
from engine.sqlite import Row, Schema, Sqlite, is_read_only
from peers import announcement
from peers.announcement import Announced
from peers.endorsement import Endorsed
from peers.identity import PeerId
from peers.own_postings import OwnPostings
from peers.posting import Key, Posting, beats, current, key_of, read, times_of

FILE: Final = "catalogue.db"
US: Final = ""  # of whom this peer has what its home says itself

_FIRST: Final = """
CREATE TABLE postings (
    arrival INTEGER PRIMARY KEY,
    kind TEXT NOT NULL, signer BLOB NOT NULL, release BLOB NOT NULL,
    name BLOB NOT NULL, expires_ms INTEGER NOT NULL, source TEXT NOT NULL, data BLOB NOT NULL,
    UNIQUE (kind, signer, release));
CREATE INDEX postings_of ON postings (release);
CREATE INDEX postings_called ON postings (name);
CREATE TABLE wanted (release BLOB PRIMARY KEY) WITHOUT ROWID;
"""
_ANNOUNCED: Final = "SELECT data FROM postings WHERE kind = 'announcement' ORDER BY arrival"
SCHEMA: Final = Schema(
    versions=(_FIRST,),
    what="the catalogue of this home",
    when_damaged="it is made anew when it is next opened: end what uses it and try again",
)

T = TypeVar("T")


class Kept(NamedTuple):
    """A posting, and of whom this peer has it."""

    posting: Posting
    source: str


class CatalogueFile(AbstractContextManager["CatalogueFile"]):
    """The catalogue of one home. Safe for many threads."""

    def __init__(self, home: Path) -> None:
        """Open the catalogue of a home, made when absent.

        Raises: Unavailable when it cannot be opened, or is damaged while another process has it;
        Refused when a newer version made it.
        """
        self._home = home
        self._own = OwnPostings(home)
        try:
            self._file = self._opened()
        except Damaged:
            self._file = self._mended()
        self._inode = self._file.path.stat().st_ino

    @staticmethod
    def is_here(home: Path) -> bool:
        """Return whether a home has a catalogue, or what one is made anew of."""
        path = home / FILE
        return path.exists() or (OwnPostings.is_here(home) and not is_read_only(path))

    # what a command asks

    def put(self, data: bytes, now_ms: int) -> bool:
        """Keep what this home says itself, durably; False when there is what counts more.

        Raises: Damaged when it is no posting; Refused when it does not count now.
        """
        posting = read(data)
        if not current(posting, now_ms):
            raise Refused("it has expired, or is of the future", fix="set the clock right")
        self._own.write(posting)
        return bool(self.take([Kept(posting, US)]))

    def withdraw(self, release: Cid) -> int | None:
        """Announce a Release no more; return until when peers that heard of it may list it.

        None when this home did not announce it.
        """
        found = [one for one in (*self._own, *self._ours(release)) if one.release == release]
        said = [one for one in found if isinstance(one, Announced)]
        keys = {key_of(one) for one in said}
        self.drop(keys)  # first: who is killed between the two is to find what is left to do
        for key in keys:
            self._own.remove(key)
        return max((one.announcement.expires_ms for one in said), default=None)

    def want(self, release: Cid) -> None:
        """Keep what is known of a Release for as long as that is current: the user uses it."""
        query = "INSERT OR IGNORE INTO wanted VALUES (?)"
        self._change(lambda change: change.execute(query, (release.raw,)))

    def notices(self, now_ms: int) -> list[Announced]:
        """Return what is announced now."""
        found = self._current("WHERE kind = 'announcement'", (), now_ms)
        return [kept.posting for kept in found if isinstance(kept.posting, Announced)]

    def claims(self, now_ms: int) -> list[Announced]:
        """Return what is said to be announced now: `holds` says of each whether it is."""
        found = (_claim(data) for (data,) in self._rows(_ANNOUNCED))
        return [claim for claim in found if claim is not None and current(claim, now_ms)]

    def endorsements(self, release: Cid, now_ms: int) -> list[Endorsed]:
        """Return what is said of a Release now, by whoever ran it again."""
        where = "WHERE kind = 'endorsement' AND release = ?"
        found = self._current(where, (release.raw,), now_ms)
        return [kept.posting for kept in found if isinstance(kept.posting, Endorsed)]

    def announced_by(self, author: PeerId, now_ms: int) -> list[Announced]:
        """Return what somebody announces now."""
        where = "WHERE kind = 'announcement' AND signer = ?"
        found = self._current(where, (author.key,), now_ms)
        return [kept.posting for kept in found if isinstance(kept.posting, Announced)]

    # what a node asks

    def names(self) -> tuple[bytes, ...]:
        """Return the digests of the CIDs of all that is here, as it came."""
        found = self._rows("SELECT name FROM postings ORDER BY arrival")
        return tuple(name for (name,) in found if isinstance(name, bytes))

    def kept(self, names: Iterable[bytes], now_ms: int) -> list[Kept]:
        """Return what counts now of what is called so."""
        found = (self._current("WHERE name = ?", (name,), now_ms) for name in names)
        return [kept for some in found for kept in some]

    def wanted(self) -> frozenset[Cid]:
        """Return which Releases the user uses."""
        found = self._rows("SELECT release FROM wanted")
        return frozenset(Cid(raw) for (raw,) in found if are_cids((raw,)))

    def take(self, kept: Iterable[Kept]) -> list[Posting]:
        """Enter postings, durably; return those that count, and were not here."""
        all_ = tuple(kept)
        return self._change(lambda to: [one.posting for one in all_ if _enter(to, one)])

    def drop(self, keys: Iterable[Key]) -> None:
        """Strike out postings."""
        query = "DELETE FROM postings WHERE kind = ? AND signer = ? AND release = ?"
        rows = [(key.kind, key.signer.key, key.release.raw) for key in keys]
        self._change(lambda change: change.executemany(query, rows))

    def clean(self, now_ms: int) -> None:
        """Strike out what counts no more."""
        query = "DELETE FROM postings WHERE expires_ms <= ?"
        self._change(lambda change: change.execute(query, (now_ms,)))

    def mark(self) -> int:
        """Return what is another whenever the file has changed.

        Raises: Unavailable when it cannot be read.
        """
        ((version,),) = self._rows("PRAGMA data_version")
        return int(version)

    def is_gone(self) -> bool:
        """Return whether the file is not where it was opened: somebody took it away."""
        try:
            return self._file.path.stat().st_ino != self._inode
        except FileNotFoundError:
            return True

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __exit__(self, *raised: object) -> None:
        self.close()

    # how it is kept

    def _current(self, where: str, values: tuple[object, ...], now_ms: int) -> list[Kept]:
        query = f"SELECT source, data FROM postings {where} ORDER BY arrival"  # noqa: S608
        found = (_read(*row) for row in self._rows(query, values))
        return [kept for kept in found if kept is not None and current(kept.posting, now_ms)]

    def _ours(self, release: Cid) -> list[Posting]:
        """Return what is here of what this home said of a Release."""
        query = "SELECT source, data FROM postings WHERE release = ? AND source = ?"
        found = (_read(*row) for row in self._rows(query, (release.raw, US)))
        return [kept.posting for kept in found if kept is not None]

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> list[Row]:
        return self._do(lambda: self._file.rows(query, values))

    def _change(self, act: Callable[[Connection], T]) -> T:
        def changed() -> T:
            with self._file.change() as change:
                return act(change)

        return self._do(changed)

    def _do(self, act: Callable[[], T]) -> T:
        """Do something with the file; if that shows it to be damaged, make it anew and do it."""
        try:
            return act()
        except Damaged:
            self._file.close()
            self._file = self._mended()
            self._inode = self._file.path.stat().st_ino
            return act()

    def _mended(self) -> Sqlite:
        """Make the file anew of what can be read of it, and of what this home announced.

        Raises: Unavailable while another process has it open.
        """
        salvage(self._home / FILE, SCHEMA, carry=self._carry)
        return self._opened()

    def _opened(self) -> Sqlite:
        """Open the file; one that is made has what this home announced from the first."""
        return Sqlite(self._home / FILE, SCHEMA, self._restore)

    def _carry(self, rows: Rows, change: Connection) -> None:
        carry_all(rows, change)
        self._restore(change)

    def _restore(self, change: Connection) -> None:
        """Enter what this home announced."""
        for posting in self._own:
            _enter(change, Kept(posting, US))


def _enter(change: Connection, kept: Kept) -> bool:
    key = key_of(kept.posting)
    named = (key.kind, key.signer.key, key.release.raw)
    query = "SELECT data FROM postings WHERE kind = ? AND signer = ? AND release = ?"
    for (data,) in change.execute(query, named).fetchall():
        held = _read(kept.source, data)
        if held is not None and not beats(kept.posting, held.posting):
            return False
    ends, name = times_of(kept.posting).expires_ms, kept.posting.cid.digest
    change.execute(
        "INSERT INTO postings (kind, signer, release, name, expires_ms, source, data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, signer, release) DO UPDATE SET"
        " name = excluded.name, expires_ms = excluded.expires_ms,"
        " source = excluded.source, data = excluded.data",
        (*named, name, ends, kept.source, kept.posting.data),
    )
    return True


def _claim(data: object) -> Announced | None:
    """Return what a row says; None of one that is damaged."""
    try:
        return announcement.claimed(data) if isinstance(data, bytes) else None
    except Damaged:
        return None


def _read(source: object, data: object) -> Kept | None:
    """Return what a row holds; None of one that is damaged: it can be had again."""
    if not isinstance(source, str) or not isinstance(data, bytes):
        return None
    try:
        return Kept(read(data), source)
    except Damaged:
        return None
