"""Correspondence: what of a ledger is said to a peer, read from the book.

With each entry go the blocks that its refs name. Signatures were looked at when it was entered.
"""

from collections.abc import Iterable
from typing import Final

from engine.content.cid import Cid
from peers.credit_messages import MAX_ENTRIES, Lost, Told, fitting
from peers.entry import parse
from peers.identity import PeerId
from peers.ledger_file import LedgerFile
from peers.place import Place

_BEGINNING: Final = (-1, -1)
_THEIRS: Final = "channel IN (SELECT channel FROM channels WHERE peer = ?)"


def told_after(book: LedgerFile, peer: PeerId, after: Place | None) -> tuple[Told, ...]:
    """Return what of ours is said next to a peer that has all up to a place."""
    query = (
        f"SELECT signed FROM entries WHERE {_THEIRS} AND is_own AND (epoch, number) > (?, ?)"  # noqa: S608
        " AND signed != x''"  # of what was pruned there is nothing to be said
        " ORDER BY epoch, number LIMIT ?"
    )
    found = book.column(query, (peer.key, *_at(after), MAX_ENTRIES))
    return fitting(_told(book, signed) for signed in found)


def lost_after(book: LedgerFile, peer: PeerId, lost: Lost) -> tuple[Told, ...]:
    """Return what a peer has lost, its own and ours, in the order in which it was taken here."""
    query = (
        f"SELECT signed FROM entries WHERE {_THEIRS} AND ("  # noqa: S608
        "(NOT is_own AND (epoch, number) > (?, ?)) OR (is_own AND (epoch, number) > (?, ?)))"
        " AND signed != x''"
        " ORDER BY pos LIMIT ?"
    )
    found = book.column(query, (peer.key, *_at(lost.own), *_at(lost.other), MAX_ENTRIES))
    return fitting(_told(book, signed) for signed in found)


def _at(place: Place | None) -> tuple[int, int]:
    return _BEGINNING if place is None else (place.epoch, place.number)


def _told(book: LedgerFile, signed: bytes) -> Told:
    return Told(signed, tuple(_blocks(book, parse(signed)[0].entry.refs)))


def _blocks(book: LedgerFile, refs: Iterable[Cid]) -> Iterable[bytes]:
    for cid in refs:
        if (data := book.evidence(cid)) is not None:
            yield data
