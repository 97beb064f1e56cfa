"""Kinds of entries: what each says (entries.py) as bytes, and back; what it cannot say. Pure.

>>> read_body(write_body(Close(agreement)))                              # doctest: +SKIP
Close(agreement=...)
"""

from typing import Any, Final

from engine.content.schema import Record, kind_of
from engine.errors import Damaged
from peers.credits import MAX_CREDITS
from peers.entries import (
    MAX_PENDING,
    MAX_WHY,
    Agreed,
    Body,
    Checkpoint,
    Close,
    Dispute,
    Epoch,
    Fraud,
    Genesis,
    Limit,
    Open,
    Receipt,
    Reset,
    Royalty,
    Voucher,
)
from peers.identity import KEY_BYTES

MAX_COUNT: Final = 2**53 - 1  # exact in every language
MAX_BODY: Final = 4 * 1024  # bytes
HASH_BYTES: Final = 32
NONCE_BYTES: Final = 16


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
    if not all(0 <= amount <= MAX_CREDITS for amount in amounts):
        raise Damaged(f"an amount is from 0 to {MAX_CREDITS} micro-credits")


def _check_bytes(size: int, *values: bytes) -> None:
    if not all(len(value) == size for value in values):
        raise Damaged(f"a key or hash in it has not {size} bytes")


def _check_count(least: int, most: int, count: int) -> None:
    if not least <= count <= most:
        raise Damaged(f"a count in it is from {least} to {most}")


def _check_why(why: str) -> None:
    if len(why) > MAX_WHY:
        raise Damaged(f"a reason has {MAX_WHY} characters at most")


def _check_genesis(body: Genesis) -> None:
    _check_bytes(NONCE_BYTES, body.nonce)


def _check_epoch(body: Epoch) -> None:
    _check_why(body.reason)


def _check_open(body: Open) -> None:
    _check_bytes(KEY_BYTES, body.peer)
    _check_count(0, MAX_COUNT, body.generation)
    _check_amounts(body.limit)


def _check_limit(body: Limit) -> None:
    _check_amounts(body.limit)


def _check_agreed(body: Agreed) -> None:
    _check_amounts(body.price_cap)


def _check_receipt(body: Receipt) -> None:
    _check_bytes(HASH_BYTES, body.root)
    _check_count(1, MAX_COUNT, body.count)
    _check_amounts(body.amount)


def _check_royalty(body: Royalty) -> None:
    _check_amounts(body.pool, body.amount)
    if body.amount > body.pool:
        raise Damaged("a share is more than all shares together")


def _check_voucher(body: Voucher) -> None:
    _check_bytes(HASH_BYTES, body.root)
    _check_count(1, MAX_COUNT, body.nonce)
    _check_count(1, MAX_PENDING, body.count)
    _check_amounts(body.total)
    if (body.voucher is None) != (body.nonce == 1):
        raise Damaged("only the first voucher has none before it")


def _check_dispute(body: Dispute) -> None:
    _check_why(body.reason)


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


def _check_fraud(body: Fraud) -> None:
    _check_bytes(KEY_BYTES, body.convict)


_KINDS: Final[tuple[tuple[type, Record[Any]], ...]] = (
    (Genesis, Record("tallystick/genesis/1", Genesis, _check_genesis)),
    (Epoch, Record("tallystick/epoch/1", Epoch, _check_epoch)),
    (Open, Record("tallystick/open/1", Open, _check_open)),
    (Limit, Record("tallystick/limit/1", Limit, _check_limit)),
    (Agreed, Record("tallystick/agreed/1", Agreed, _check_agreed)),
    (Receipt, Record("tallystick/receipt/1", Receipt, _check_receipt)),
    (Royalty, Record("tallystick/royalty/1", Royalty, _check_royalty)),
    (Voucher, Record("tallystick/voucher/1", Voucher, _check_voucher)),
    (Close, Record("tallystick/close/1", Close)),
    (Dispute, Record("tallystick/dispute/1", Dispute, _check_dispute)),
    (Checkpoint, Record("tallystick/checkpoint/1", Checkpoint, _check_checkpoint)),
    (Reset, Record("tallystick/reset/1", Reset, _check_reset)),
    (Fraud, Record("tallystick/fraud/1", Fraud, _check_fraud)),
)
_OF_CLASS: Final = dict(_KINDS)
_OF_KIND: Final = {record.kind: record for _, record in _KINDS}
