"""Pruning: letting go of entries that both sides have signed off.

A checkpoint that both sides signed one after the other, when nothing was under way between them,
says all that followed from what was said before (beginning.py). Of entries before it the signed
bytes go, and the papers that only they rest on; their ids, places and links stay, so that the
chain can be followed and a fork is still seen.

What is lost by it: nobody sees any more what was paid for before, and a peer that puts back a
ledger from before that checkpoint cannot have from here what it lacks.
"""

import sqlite3
from collections.abc import Set
from typing import NamedTuple

from engine.content.cid import Cid
from engine.errors import Damaged
from engine.step import Signed
from peers.audit import Audit, Signatures, Start
from peers.channel import Channel
from peers.entries import Checkpoint
from peers.entry import Written, parse
from peers.ledger import Ledger, ledger_of
from peers.ledger_book import LedgerBook
from peers.ledger_check import check, without_gifts
from peers.ledger_file import FILE
from peers.named_by import named_by
from peers.order import Taken


class Pruned(NamedTuple):
    """What went."""

    entries: int
    papers: int


class _Cuts:
    """Where each channel may begin: the position of the first of the last such pair."""

    def __init__(self) -> None:
        self.at: dict[bytes, int] = {}
        self._last: dict[bytes, tuple[int, Written]] = {}  # entry of each channel

    def see(self, pos: int, written: Written, after: Ledger) -> None:
        """Take an entry, and the ledger after it."""
        name = written.entry.channel
        if name is None:
            return
        before = self._last.get(name)
        self._last[name] = pos, written
        channel = after.channels.get(name)
        if before is None or channel is None or not _is_quiet(channel):
            return
        if isinstance(written.body, Checkpoint) and before[1].body == written.body:
            self.at[name] = before[0]  # nobody signs one of a number twice

    def go(self, taken: Taken) -> bool:
        """Return whether an entry is gone, or may go."""
        if not taken.signed:
            return True
        channel = parse(taken.signed)[0].entry.channel
        return channel is not None and taken.pos < self.at.get(channel, 0)


class _Seen:
    """Looks at no signature: all were looked at."""

    def add(self, pos: int, sealed: Signed) -> None:
        """Do nothing."""

    def wrong(self) -> None:
        """Return none."""


def prune(book: LedgerBook, signatures: Signatures) -> Pruned:
    """Let go of what may go; nothing does of a ledger that does not hold, or would not after.

    Raises: Damaged.
    """
    cuts = _Cuts()
    check(book, signatures, cuts.see)
    ledger = book.load()
    named = _rehearse(book, cuts, ledger)
    with book.change() as change:
        entries = sum(_empty(name, pos, change) for name, pos in cuts.at.items())
        papers = _drop_papers(named, change)
        change.execute("DELETE FROM snapshots")  # of times whose entries are gone
        book.snapshot(ledger, change)
    return Pruned(entries, papers)


def _rehearse(book: LedgerBook, cuts: _Cuts, ledger: Ledger) -> set[Cid]:
    """See that what will be left gives the same ledger; return what of its papers that names.

    Signatures were looked at.
    """
    named: set[Cid] = set()
    audit = Audit(FILE, Start(ledger_of(book.me)), lambda _: None, _Seen())
    with audit.naming():
        for taken, (name, _) in zip(book.taken(), book.named(), strict=True):
            if cuts.go(taken):
                audit.leave_out(taken.pos, name, taken.link)
            else:
                named.update(named_by(audit.take(taken)))
        audit.check_whole()
        if without_gifts(audit.ledger, audit) != without_gifts(ledger, audit):
            raise Damaged("what would be left of it does not say the same")
    return named


def _empty(channel: bytes, pos: int, change: sqlite3.Connection) -> int:
    query = "UPDATE entries SET signed = x'' WHERE channel = ? AND pos < ? AND signed != x''"
    return change.execute(query, (channel, pos)).rowcount


def _drop_papers(named: Set[Cid], change: sqlite3.Connection) -> int:
    """Leave out what only entries name that are gone: one paper may be named in many channels."""
    gone = "SELECT pos FROM entries WHERE signed = x''"
    rows = change.execute(f"SELECT cid FROM evidence WHERE pos IN ({gone})").fetchall()  # noqa: S608
    dropped = [(cid,) for (cid,) in rows if Cid(cid) not in named]
    change.executemany("DELETE FROM evidence WHERE cid = ?", dropped)
    return len(dropped)


def _is_quiet(channel: Channel) -> bool:
    return not (channel.agreements or channel.mine.pending or channel.theirs.pending)
