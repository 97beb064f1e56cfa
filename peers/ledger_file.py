"""LedgerFile: HOME/ledger.db as it is read, by any process: nobody waits for who writes to it.

    log         one row: whose it is, how many entries there are, the link of the last, where the
                file is (ledger_place.py), and why nothing may be signed before a new epoch
    entries     in the order in which they were taken, own ones and others', chained by their links
                (order.py); signed bytes are passed on as they came. Of an entry that was pruned
                (pruning.py) these are empty
    evidence    blocks that entries name, and the last entry that does: offers, receipt lines,
                manifests, proofs
    channels    how each stands (balance.py), so that it is read without a replay
    snapshots   the whole ledger (ledger_state.py) after every 1 000 entries: the last two

What was released of the tables is never changed: whoever needs more adds a version.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from blake3 import blake3

from engine.content.cid import Cid
from engine.errors import Damaged, Unavailable
from engine.sqlite import Fill, Row, Schema
from peers import ledger_state
from peers.audit import AtOnce, Audit, Start
from peers.balance import Balance, balances_of
from peers.entry import Written, parse
from peers.identity import PeerId
from peers.ledger import Ledger, ledger_of
from peers.ledger_place import COPIED, differs, read_head, spot_of
from peers.ledger_rows import BLOB, KEY, MAYBE_TEXT, NAME, NUMBER, TEXT, LedgerRows
from peers.order import START, Taken

FILE: Final = "ledger.db"

_FIRST: Final = """
CREATE TABLE log (
    one INTEGER PRIMARY KEY CHECK (one = 1), owner BLOB NOT NULL, count INTEGER NOT NULL,
    link BLOB NOT NULL, inode TEXT NOT NULL, born TEXT NOT NULL, restored TEXT);
CREATE TABLE entries (
    pos INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, author BLOB NOT NULL, epoch INTEGER NOT NULL,
    number INTEGER NOT NULL, channel BLOB, before BLOB, is_own INTEGER NOT NULL,
    signed BLOB NOT NULL, link BLOB NOT NULL,
    UNIQUE (author, epoch, number));
CREATE UNIQUE INDEX followers ON entries (channel, author, before) WHERE channel IS NOT NULL;
CREATE INDEX own_of ON entries (channel, epoch, number) WHERE is_own;
CREATE TABLE evidence (
    cid BLOB PRIMARY KEY, data BLOB NOT NULL, pos INTEGER NOT NULL);
CREATE TABLE channels (
    channel BLOB PRIMARY KEY, peer BLOB NOT NULL, generation INTEGER NOT NULL,
    balance INTEGER NOT NULL, unvouchered INTEGER NOT NULL, limit_granted INTEGER NOT NULL,
    limit_received INTEGER NOT NULL, reserved INTEGER NOT NULL,
    reserved_received INTEGER NOT NULL, is_frozen INTEGER NOT NULL, is_over INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE TABLE snapshots (
    pos INTEGER PRIMARY KEY, link BLOB NOT NULL, state BLOB NOT NULL, hash BLOB NOT NULL);
"""
FIX: Final = (
    "'tally credit verify' says where; put back the last backup of this home, keys and ledger"
)
SCHEMA: Final = Schema(versions=(_FIRST,), what="the ledger of this peer", when_damaged=FIX)
COLUMNS: Final = ", ".join(Balance._fields)

_BALANCE: Final = (BLOB, KEY, *(NUMBER,) * (len(Balance._fields) - 2))


class Snapshot(NamedTuple):
    """The ledger after so many entries, as it is in the file."""

    pos: int
    link: bytes
    state: bytes
    hash: bytes

    def ledger(self) -> Ledger:
        """Return what it is of.

        Raises: Damaged when it has changed.
        """
        try:
            if blake3(self.state).digest() == self.hash:
                return ledger_state.decode(self.state)
        except Damaged:
            pass
        where = f"{FILE}, entry {self.pos}"
        raise Damaged("the snapshot of the ledger is damaged", where=where, fix=FIX)


class LedgerFile(LedgerRows):
    """The ledger in one home. Safe for many threads."""

    def __init__(self, home: Path, fill: Fill | None = None) -> None:
        """Open the ledger of a home; `fill` begins one that is absent.

        Raises: Unavailable when there is none, or it cannot be opened; Refused when a newer version
        made it; Damaged when it is no database.
        """
        if fill is None and not self.is_here(home):
            fix = "one begins when its peer first trades, or with 'tally credit limit PEER AMOUNT'"
            raise Unavailable("this home has no ledger yet", where=str(home / FILE), fix=fix)
        super().__init__(home / FILE, SCHEMA, fill)
        self.home = home

    @staticmethod
    def is_here(home: Path) -> bool:
        """Return whether a home has a ledger."""
        return (home / FILE).exists()

    @property
    def me(self) -> PeerId:
        """Whose it is."""
        return PeerId(self.one("SELECT owner FROM log", KEY)[0])

    def restored(self) -> str | None:
        """Return why nothing may be signed before a new epoch; None when all is as it was left."""
        (why,) = self.one("SELECT restored FROM log", MAYBE_TEXT)
        return None if why is None else str(why)

    def moved(self) -> str | None:
        """Return that the file is not where it was when this home last signed; None when it is."""
        inode, born = self.one("SELECT inode, born FROM log", TEXT, TEXT)
        place = spot_of(self.path)
        return None if (inode, born) == (str(place.inode), str(place.born)) else COPIED

    def put_back(self) -> str | None:
        """Return what `restored` says, or will say as soon as somebody would sign."""
        head = read_head(self.home)
        why = self.restored() or differs(self.home, head, self.end()[0], self.link_at)
        return why or self.moved()

    def load(self) -> Ledger:
        """Return the ledger: the last snapshot, and what was taken since.

        Raises: Damaged, with the entry, when it is not what was written, or not what is cached.
        """
        with self.still():
            audit = self._from_snapshot()
            with audit.naming():
                for taken in self.taken(audit.pos):
                    audit.take(taken)
                self.check_end(audit)
            return audit.ledger

    def _from_snapshot(self) -> Audit:
        """Return what looks at the entries after the last snapshot; what they rest on it leaves."""
        last = self.snapshots()[-1:]
        ledger = last[0].ledger() if last else ledger_of(self.me)
        start = Start(ledger, last[0].pos, last[0].link) if last else Start(ledger)
        return Audit(FILE, start, lambda _: None, AtOnce())

    def check_end(self, audit: Audit) -> None:
        """Look whether what is kept beside the entries is what they give.

        Raises: Damaged when it is not.
        """
        if (audit.pos, audit.link) != self.end():
            raise Damaged("the ledger does not end with its last entry")
        if {one.channel: one for one in self.balances()} != balances_of(audit.ledger):
            raise Damaged("the balances kept with it are not what its entries give")

    def end(self) -> tuple[int, bytes]:
        """Return how many entries were taken, and the link of the last."""
        count, last = self.one("SELECT count, link FROM log", NUMBER, BLOB)
        return count, last

    def link_at(self, count: int) -> bytes | None:
        """Return the link after so many entries; None when it is not known any more."""
        if count == 0:
            return START
        query = (
            "SELECT link FROM entries WHERE pos = ?1"
            " UNION SELECT link FROM snapshots WHERE pos = ?1"
        )
        return next(self.column(query, (count,)), None)

    def taken(self, after: int = 0) -> Iterator[Taken]:
        """Yield the entries that follow the first so many, in order.

        Raises: Damaged when they are in none.
        """
        query = "SELECT pos, signed, link FROM entries WHERE pos > ? ORDER BY pos LIMIT ?"
        return map(Taken._make, self.in_order(query, (NUMBER, BLOB, BLOB), after))

    def named(self) -> Iterator[tuple[Cid, bytes]]:
        """Yield all entries in order, by their ids; signed bytes of what was pruned are empty."""
        query = "SELECT pos, id, signed FROM entries WHERE pos > ? ORDER BY pos LIMIT ?"
        for _, name, signed in self.in_order(query, (NUMBER, NAME, BLOB), 0):
            yield Cid(name), signed

    def said(self) -> Iterator[tuple[int, Written]]:
        """Yield what was entered and not pruned, with its position, signatures unseen.

        Raises: Damaged, with the entry, when it is none.
        """
        for taken in self.taken():
            try:
                if taken.signed:
                    yield taken.pos, parse(taken.signed)[0]
            except Damaged as damaged:
                where = f"{FILE}, entry {taken.pos}"
                raise Damaged(damaged.what, where=where, fix=FIX) from None

    def snapshots(self) -> list[Snapshot]:
        """Return the snapshots, the last one last."""
        query = "SELECT pos, link, state, hash FROM snapshots ORDER BY pos"
        return [Snapshot._make(row) for row in self.read(query, (NUMBER, BLOB, BLOB, BLOB))]

    def balances(self) -> list[Balance]:
        """Return how all channels stand."""
        query = f"SELECT {COLUMNS} FROM channels ORDER BY peer, generation"  # noqa: S608
        return [_balance(row) for row in self.read(query, _BALANCE)]

    def id_at(self, author: PeerId, epoch: int, number: int) -> Cid | None:
        """Return which entry is at a place in the log of somebody."""
        query = "SELECT id FROM entries WHERE author = ? AND epoch = ? AND number = ?"
        return self._found(query, (author.key, epoch, number))

    def position(self, entry: Cid) -> int:
        """Return the place of an entry that is here."""
        (pos,) = self.column("SELECT pos FROM entries WHERE id = ?", (entry.raw,), NUMBER)
        return int(pos)

    def follower(self, author: PeerId, channel: bytes, before: Cid | None) -> Cid | None:
        """Return which entry of somebody follows another one of theirs in a channel."""
        query = "SELECT id FROM entries WHERE channel = ? AND author = ? AND before IS ?"
        return self._found(query, (channel, author.key, before.raw if before else None))

    def _found(self, query: str, values: Sequence[object]) -> Cid | None:
        return next(map(Cid, self.column(query, values, NAME)), None)

    def all_evidence(self) -> list[Cid]:
        """Return the names of all blocks that entries name."""
        return [*map(Cid, self.column("SELECT cid FROM evidence", kind=NAME))]

    def entry(self, cid: Cid) -> bytes | None:
        """Return the signed bytes of an entry; None when it is not here, or was pruned."""
        query = "SELECT signed FROM entries WHERE id = ? AND signed != x''"
        return next(self.column(query, (cid.raw,)), None)

    def evidence(self, cid: Cid) -> bytes | None:
        """Return a block that an entry names.

        Raises: Damaged when it is not that.
        """
        found = self.column("SELECT data FROM evidence WHERE cid = ?", (cid.raw,))
        return next(map(cid.check, found), None)


def _balance(row: Row) -> Balance:
    channel, peer, *numbers, is_frozen, is_over = row
    known = (channel, PeerId(peer), *numbers, bool(is_frozen), bool(is_over))
    return Balance._make(known)
