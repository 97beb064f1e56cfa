"""Ledgers in files, written as a peer writes them."""

import os
from collections.abc import Sequence
from pathlib import Path

from engine.content.blocks import Block
from peers.entries import Agreed, Checkpoint, Close, Limit, Royalty
from peers.entry import Written
from peers.keyring import Identity
from peers.ledger import apply, ledger_of
from peers.ledger_book import LedgerBook, signing
from peers.royalty import MANIFEST, Author, Manifest
from peers.signed import seal
from tests.peers.bills import billed, offered
from tests.peers.ledgers import Keeper, opened


def enter(book: LedgerBook, log: Sequence[Written], evidence: Sequence[Block] = ()) -> None:
    """Enter all that a peer took, an entry in each transaction."""
    ledger = ledger_of(book.me)
    for written in log:
        ledger = apply(ledger, written)
        with book.change() as change:
            book.enter([written], ledger, change, evidence)


def keep(home: Path, keeper: Keeper, evidence: Sequence[Block] = ()) -> Path:
    """Have the ledger of a peer in a home."""
    home.mkdir(exist_ok=True)
    with signing(home, keeper.peer) as book:
        enter(book, keeper.log, evidence)
    return home


def be(home: Path, key: Identity) -> None:
    """Give a home the key of a peer."""
    (home / "keys").mkdir(mode=0o700)
    descriptor = os.open(home / "keys" / "identity", os.O_CREAT | os.O_WRONLY, 0o600)
    os.write(descriptor, bytes(key._key))
    os.close(descriptor)


def backed() -> tuple[Keeper, Keeper, list[Block]]:
    """Return two peers of whom one worked for the other, for an author's share, and all papers."""
    one, two = opened(10_000_000)
    author = Author(two.peer.key, 1)
    manifest = seal(MANIFEST, Manifest(None, (author,), 10, 1_000, 500), two.key)
    offer = offered(one.key, two.peer.key, 5_000, royalties=(manifest.cid,))
    papers = [offer, manifest]
    two.say(Agreed(offer.cid, 5_000), one)
    for walls in ((1_000, 500), (250,), (1,)):
        receipt, lines = billed(offer.cid, *walls)
        one.say(receipt, two, refs=tuple(block.cid for block in lines))
        papers += lines
    one.say(Royalty(offer.cid, manifest.cid, 185, 185), two)
    one.pay(two)
    two.say(Limit(20_000_000), one)
    one.say(Close(offer.cid), two)
    both = two.channel(one)
    standings = both.in_order(both.mine.standing, both.theirs.standing)
    two.say(Checkpoint(1, standings, is_final=False), one)
    one.say(Checkpoint(1, standings, is_final=False), two)
    return one, two, papers
