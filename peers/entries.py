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

A kind that is not listed here is no entry. Amounts are micro-credits.
"""

from typing import Any, Final

from engine.content.cid import Cid
from engine.content.schema import Record, kind_of
from engine.errors import Damaged
from engine.values import dataclass

MAX_AMOUNT: Final = 2**53 - 1  # micro-credits, also of a sum: what JSON readers hold exactly
MAX_COUNT: Final = 2**53 - 1
MAX_PENDING: Final = 1_024  # receipts that one voucher covers
MAX_WHY: Final = 200  # characters
MAX_BODY: Final = 4 * 1024  # bytes
KEY: Final = 32
HASH: Final = 32


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


def write_body(body: Body) -> bytes:
    """Return the bytes of what an entry says."""
    return _OF_CLASS[type(body)].encode(body)


def read_body(data: bytes) -> Body:
    """Read what an entry says.

    Raises: Damaged when it is malformed or of no known kind.
    """
    kind = _OF_KIND.get(kind_of(data) or "")
    if kind is None:
        raise Damaged("an entry says something of no known kind")
    body: Body = kind.decode(data)
    return body


def _check_amounts(*amounts: int) -> None:
    if not all(0 <= amount <= MAX_AMOUNT for amount in amounts):
        raise Damaged(f"an amount is from 0 to {MAX_AMOUNT} micro-credits")


def _check_bytes(size: int, *values: bytes) -> None:
    if not all(len(value) == size for value in values):
        raise Damaged(f"a key or hash in it has not {size} bytes")


def _check_count(least: int, most: int, count: int) -> None:
    if not least <= count <= most:
        raise Damaged(f"a count in it is from {least} to {most}")


def _check_why(why: str) -> None:
    if len(why) > MAX_WHY:
        raise Damaged(f"a reason has {MAX_WHY} characters at most")


def _check_open(body: Open) -> None:
    _check_bytes(KEY, body.peer)
    _check_count(0, MAX_COUNT, body.generation)
    _check_amounts(body.limit)


def _check_receipt(body: Receipt) -> None:
    _check_bytes(HASH, body.root)
    _check_count(1, MAX_COUNT, body.count)
    _check_amounts(body.amount)


def _check_royalty(body: Royalty) -> None:
    _check_amounts(body.pool, body.amount)
    if body.amount > body.pool:
        raise Damaged("a share is more than all shares together")


def _check_voucher(body: Voucher) -> None:
    _check_bytes(HASH, body.root)
    _check_count(1, MAX_COUNT, body.nonce)
    _check_count(1, MAX_PENDING, body.count)
    _check_amounts(body.total)
    if (body.voucher is None) != (body.nonce == 1):
        raise Damaged("only the first voucher has none before it")


def _check_checkpoint(body: Checkpoint) -> None:
    _check_count(1, MAX_COUNT, body.number)
    if len(body.standings) != 2:
        raise Damaged("a channel has two sides")
    for standing in body.standings:
        _check_amounts(standing.limit, standing.total)
        _check_count(0, MAX_COUNT, standing.nonce)


def _check_reset(body: Reset) -> None:
    _check_count(1, MAX_COUNT, body.number)
    if len(body.added) != 2:
        raise Damaged("a channel has two sides")
    _check_amounts(*body.added)
    _check_why(body.reason)


_KINDS: Final[tuple[tuple[type, Record[Any]], ...]] = (
    (
        Genesis,
        Record("tallystick/genesis/1", Genesis, lambda body: _check_bytes(16, body.nonce)),
    ),
    (Epoch, Record("tallystick/epoch/1", Epoch, lambda body: _check_why(body.reason))),
    (Open, Record("tallystick/open/1", Open, _check_open)),
    (Limit, Record("tallystick/limit/1", Limit, lambda body: _check_amounts(body.limit))),
    (Agreed, Record("tallystick/agreed/1", Agreed, lambda body: _check_amounts(body.price_cap))),
    (Receipt, Record("tallystick/receipt/1", Receipt, _check_receipt)),
    (Royalty, Record("tallystick/royalty/1", Royalty, _check_royalty)),
    (Voucher, Record("tallystick/voucher/1", Voucher, _check_voucher)),
    (Close, Record("tallystick/close/1", Close)),
    (Dispute, Record("tallystick/dispute/1", Dispute, lambda body: _check_why(body.reason))),
    (Checkpoint, Record("tallystick/checkpoint/1", Checkpoint, _check_checkpoint)),
    (Reset, Record("tallystick/reset/1", Reset, _check_reset)),
    (Fraud, Record("tallystick/fraud/1", Fraud, lambda body: _check_bytes(KEY, body.convict))),
)
_OF_CLASS: Final = dict(_KINDS)
_OF_KIND: Final = {record.kind: record for _, record in _KINDS}
