"""Ledgers in files, written as a peer writes them."""

from collections.abc import Sequence
from pathlib import Path

from engine.content.blocks import Block
from peers.entry import Written
from peers.ledger import apply, ledger_of
from peers.ledger_book import LedgerBook, signing
from tests.peers.ledgers import Keeper


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
