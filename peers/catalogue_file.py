"""CatalogueFile: HOME/catalogue.db, what this home knows of Open Resources; for many processes.

    postings    announcements and endorsements as they came, one of each key (posting.py), in the
                order in which the first of that key did; and of whom this peer has each
    wanted      Releases that the user uses
    HOME/announced/     the signed bytes of what this home announced itself, a file each

All but that last can be had again from other peers. So when the file is damaged or gone it is made
anew from what can be read of it, and from what this home announced.

>>> with CatalogueFile(home) as file: file.put(block.data, now_ms)       # doctest: +SKIP
True
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from sqlite3 import Connection
from typing import Final, NamedTuple, TypeVar

from engine.content.cid import RAW, Cid, are_cids
from engine.errors import Damaged, Refused, Unavailable
from engine.salvage import salvage
from engine.sqlite import Row, Schema, Sqlite
from engine.wholefile import whole_file
from peers.announcement import Announced
from peers.endorsement import Endorsed
from peers.identity import PeerId
from peers.posting import Key, Posting, beats, current, key_of, read

FILE: Final = "catalogue.db"
OWN: Final = "announced"
US: Final = ""  # of whom this peer has what its home says itself

_FIRST: Final = """
CREATE TABLE postings (
    arrival INTEGER PRIMARY KEY,
    kind TEXT NOT NULL, signer BLOB NOT NULL, release BLOB NOT NULL,
    name BLOB NOT NULL, source TEXT NOT NULL, data BLOB NOT NULL,
    UNIQUE (kind, signer, release));
CREATE INDEX postings_of ON postings (release);
CREATE INDEX postings_called ON postings (name);
CREATE TABLE wanted (release BLOB PRIMARY KEY) WITHOUT ROWID;
"""
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
        is_new = not self.is_here(home)
        try:
            self._file = Sqlite(home / FILE, SCHEMA)
        except Damaged:
            self._file = self._mended()
        if is_new:
            self._restore()
        self._inode = self._file.path.stat().st_ino

    @staticmethod
    def is_here(home: Path) -> bool:
        """Return whether a home has a catalogue."""
        return (home / FILE).exists()

    # what a command asks

    def put(self, data: bytes, now_ms: int) -> bool:
        """Keep what this home says itself, durably; False when there is what counts more.

        Raises: Damaged when it is no posting; Refused when it does not count now.
        """
        posting = read(data)
        if not current(posting, now_ms):
            raise Refused("it has expired, or is of the future", fix="set the clock right")
        self._write_own(posting)
        return bool(self._do(lambda: self.take([Kept(posting, US)])))

    def withdraw(self, release: Cid) -> int | None:
        """Announce a Release no more; return until when peers that heard of it may list it.

        None when this home did not announce it.
        """
        own = [one for one in _own(self._home / OWN) if isinstance(one, Announced)]
        found = [one for one in own if one.release == release]
        for one in found:
            (self._home / OWN / _name_of(key_of(one))).unlink(missing_ok=True)
        self.drop([key_of(one) for one in found])
        return max((one.announcement.expires_ms for one in found), default=None)

    def want(self, release: Cid) -> None:
        """Keep what is known of a Release for as long as that is current: the user uses it."""
        with self._file.change() as change:
            change.execute("INSERT OR IGNORE INTO wanted VALUES (?)", (release.raw,))

    def notices(self, now_ms: int) -> list[Announced]:
        """Return what is announced now."""
        found = self._current("WHERE kind = 'announcement'", (), now_ms)
        return [kept.posting for kept in found if isinstance(kept.posting, Announced)]

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
        with self._file.change() as change:
            return [one.posting for one in kept if _enter(change, one)]

    def drop(self, keys: Iterable[Key]) -> None:
        """Strike out postings."""
        query = "DELETE FROM postings WHERE kind = ? AND signer = ? AND release = ?"
        with self._file.change() as change:
            change.executemany(query, [(k.kind, k.signer.key, k.release.raw) for k in keys])

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

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> list[Row]:
        return self._do(lambda: self._file.rows(query, values))

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
        salvage(self._home / FILE, SCHEMA)
        self._file = Sqlite(self._home / FILE, SCHEMA)
        self._restore()
        return self._file

    def _write_own(self, posting: Posting) -> None:
        folder = self._home / OWN
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            what = f"what was announced cannot be kept: {error.strerror}"
            raise Unavailable(what, where=str(folder), fix="make it writable") from None
        with whole_file(folder / _name_of(key_of(posting))) as file:
            file.write(posting.data)

    def _restore(self) -> None:
        """Enter what this home announced."""
        self.take(Kept(posting, US) for posting in _own(self._home / OWN))


def _enter(change: Connection, kept: Kept) -> bool:
    key = key_of(kept.posting)
    named = (key.kind, key.signer.key, key.release.raw)
    query = "SELECT data FROM postings WHERE kind = ? AND signer = ? AND release = ?"
    for (data,) in change.execute(query, named).fetchall():
        held = _read(kept.source, data)
        if held is not None and not beats(kept.posting, held.posting):
            return False
    row = (*named, kept.posting.cid.digest, kept.source, kept.posting.data)
    change.execute(
        "INSERT INTO postings (kind, signer, release, name, source, data) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (kind, signer, release) DO UPDATE SET"
        " name = excluded.name, source = excluded.source, data = excluded.data",
        row,
    )
    return True


def _read(source: object, data: object) -> Kept | None:
    """Return what a row holds; None of one that is damaged: it can be had again."""
    if not isinstance(source, str) or not isinstance(data, bytes):
        return None
    try:
        return Kept(read(data), source)
    except Damaged:
        return None


def _own(folder: Path) -> Iterator[Posting]:
    """Yield what was announced; a file that is something else says nothing."""
    for path in sorted(folder.glob("*.cbor")):
        try:
            yield read(path.read_bytes())
        except (Damaged, OSError):
            continue


def _name_of(key: Key) -> str:
    return f"{Cid.of(RAW, key.kind.encode() + key.signer.key + key.release.raw)}.cbor"
