"""Entries: what can be said in a log, one record for each kind of statement. Pure.

    Genesis      a log begins
    Epoch        it goes on, though some of it was lost
    Open         I trade with a peer, and lend it so much
    Limit        I lend it so much from now on
    Agreed       an agreement is in force: its price cap is set aside
    Receipt      why I owe: results that I accepted
    Royalty      why I owe: the share of an author
    Voucher      how much I owe, altogether
    Close        nothing more is set aside for an agreement
    Dispute      what I was told of a step is not what it should be
    Checkpoint   how a channel stands; both sign the same
    Reset        what is added to it, because people settled it; both sign the same
    Fraud        a peer is convicted: what proves it

A kind that is not listed here is no entry. Amounts are micro-credits. What of it may not be so is
in entry_kinds.py.
"""

from typing import Final

from engine.content.cid import Cid
from engine.values import dataclass

MAX_PENDING: Final = 1_024  # receipts that one voucher covers
MAX_WHY: Final = 200  # characters


@dataclass(frozen=True, slots=True)
class Genesis:
    """The first entry of a log."""

    nonce: bytes  # 16 random bytes: no two logs begin alike


@dataclass(frozen=True, slots=True)
class Epoch:
    """The log goes on from what is known of it, after a restored or copied file."""

    reason: str


@dataclass(frozen=True, slots=True)
class Open:
    """Its author trades with a peer from now on."""

    peer: bytes  # Ed25519
    generation: int  # how many channels these two have closed before
    limit: int  # what the peer may owe
    is_fixed: bool = False  # its owner has set it: it does not grow by itself


@dataclass(frozen=True, slots=True)
class Limit:
    """What the peer may owe from now on; one that is lower only blocks new debt."""

    limit: int
    is_fixed: bool = False  # its owner has set it: it does not grow by itself


@dataclass(frozen=True, slots=True)
class Agreed:
    """Its author runs steps for the other: it has accepted an offer."""

    agreement: Cid  # the signed Offer of the other
    price_cap: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Its author accepted results of a batch: why it owes."""

    agreement: Cid
    root: bytes  # of its lines, in order (receipts.py)
    count: int  # of those
    amount: int


@dataclass(frozen=True, slots=True)
class Royalty:
    """Its author owes an author of what it ran."""

    agreement: Cid
    manifest: Cid
    pool: int  # what all authors together are owed for the agreement
    amount: int  # of that


@dataclass(frozen=True, slots=True)
class Voucher:
    """How much its author owes altogether: all its receipts and royalties in the channel so far."""

    nonce: int  # from 1, without a gap
    total: int  # the total of the voucher before, and what it covers
    root: bytes  # of the ids of what it covers, in order (merkle.py)
    count: int  # of those
    voucher: Cid | None  # the one before


@dataclass(frozen=True, slots=True)
class Close:
    """No more receipts are given, or waited for, under an agreement."""

    agreement: Cid


@dataclass(frozen=True, slots=True)
class Dispute:
    """What was said of a step was not believed, and is not paid."""

    agreement: Cid
    step: Cid
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How one side of a channel stands."""

    limit: int  # that it grants
    total: int  # of its vouchers
    nonce: int  # of the last of those
    voucher: Cid | None  # that one
    is_fixed: bool = False  # the limit, which does not grow by itself


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How a channel stands. In force once both sides have signed the same."""

    number: int  # higher than of any that its author signed in the channel
    standings: tuple[Standing, ...]  # of the lower key, and of the higher
    is_final: bool  # the channel ends: nobody owes anything


@dataclass(frozen=True, slots=True)
class Reset:
    """What is added to the totals, because two people said so. In force once both have signed it.

    It is added, and not what they are to be: what comes meanwhile counts besides.
    """

    number: int  # as of a Checkpoint
    added: tuple[int, ...]  # to what the lower key owes, and the higher
    reason: str


@dataclass(frozen=True, slots=True)
class Fraud:
    """Its author has seen proof that a peer cheats: it lends that peer nothing more."""

    convict: bytes  # Ed25519
    proof: Cid  # proofs.py


Body = (
    Genesis
    | Epoch
    | Open
    | Limit
    | Agreed
    | Receipt
    | Royalty
    | Voucher
    | Close
    | Dispute
    | Checkpoint
    | Reset
    | Fraud
)
