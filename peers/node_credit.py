"""Credit: what a node keeps accounts with: its ledger, opened, and who lends and pays by it.

>>> credit = open_credit(kept, identity, ground, closing)                # doctest: +SKIP
>>> credit.payments.resume(dues.all(), settled)                          # doctest: +SKIP
"""

import os
from contextlib import ExitStack
from typing import Final, NamedTuple

from engine.content.blocks import ManyStore
from engine.recorder import Recorder
from engine.runner import Signer
from peers.book import Book
from peers.credit_line import CreditLine
from peers.entries import Epoch, Genesis
from peers.ledger_book import LedgerBook
from peers.limits import Policy
from peers.node_ground import Ground
from peers.payment_history import has_worked
from peers.payments import Payments
from peers.saying import Say
from peers.settlement import Settlement
from peers.teller import Teller
from peers.treasury import Treasury
from peers.write_queue import Known

LOST: Final = "what this peer said of steps may be lost: peers.db is another than before"


class Kept(NamedTuple):
    """What of a home its credit rests on."""

    store: ManyStore
    ledger: LedgerBook
    book: Book
    limits: Policy  # of what others may owe


class Credit(NamedTuple):
    """The ledger of a node, and those who sign in it."""

    treasury: Treasury
    line: CreditLine
    settlement: Settlement
    payments: Payments


def open_credit(kept: Kept, signer: Signer, ground: Ground, closing: ExitStack) -> Credit:
    """Open the ledger of a home, begun when absent, and those who sign in it."""
    treasury = _open_treasury(kept, signer, ground, closing)
    line = CreditLine(treasury, kept.limits, ground.log)
    settlement = Settlement(treasury, ground.log)
    payments = Payments(treasury, kept.ledger, kept.limits, ground.log, kept.store.get)
    closing.callback(payments.close)
    return Credit(treasury, line, settlement, payments)


def _open_treasury(kept: Kept, signer: Signer, ground: Ground, closing: ExitStack) -> Treasury:
    """Open the ledger; one that was restored begins a new epoch before anything else."""
    book = kept.ledger
    recorder = Recorder(kept.store, book)
    closing.callback(recorder.close)
    why = book.restored()
    known = Known(book.id_at, book.follower, book.evidence)
    teller = Teller(book.load(), signer, known, is_restored=why is not None)
    mail, lines, clock, wake, log = ground
    treasury = Treasury(mail, lines, teller, book, recorder, clock, wake, log)
    closing.callback(treasury.close)
    if treasury.ledger.last is None:
        treasury.note(Genesis(os.urandom(16)))
    if why is not None:
        log("ledger restored", why=why)
        treasury.note(Epoch(why))
    _begin_word(treasury, book, kept.book, log)
    return treasury


def _begin_word(treasury: Treasury, ledger: LedgerBook, book: Book, log: Say) -> None:
    """Begin a new epoch when what was said of steps may be lost: two words are of one epoch."""
    if not book.is_other:
        return
    if has_worked(ledger):
        log("book restored", why=LOST)
        treasury.note(Epoch(LOST), then=book.accept)
    else:
        book.accept()
