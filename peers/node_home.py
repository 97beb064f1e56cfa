"""Home: what of a home a node uses, as its owner opens it (cli/node.py)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from engine.content.blocks import ManyStore
from engine.content.cid import Cid
from engine.memo import Memo
from engine.recorder import Recorder
from peers.addressbook import AddressBook
from peers.book import Book
from peers.credit_line import CreditLine
from peers.depot import Depot
from peers.dues import Dues
from peers.identity import Address
from peers.ledger_book import LedgerBook
from peers.limits import Policy
from peers.lines import Lines
from peers.mail import Mail
from peers.provider import Provider
from peers.wake import Wake

Log = Callable[..., None]
Meet = Callable[[Address], None]
Lend = Callable[[Mail, Lines, Depot, Wake, Meet, Log, CreditLine], AbstractContextManager[Provider]]


class Home(NamedTuple):
    """What of a home a node uses. All of it stays its owner's to close."""

    folder: Path
    store: ManyStore
    memo: Memo
    dues: Dues  # beside it, what results in it cost
    recorder: Recorder  # of what others ran for us
    named: AddressBook
    lend: Lend  # opens what runs steps for others
    ledger: LedgerBook
    book: Book
    limits: Policy  # of what others may owe
    published: Callable[[], frozenset[Cid]]  # what everybody may have
    room: Callable[[], int]  # bytes that the disk takes
