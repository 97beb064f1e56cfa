"""Breaches: entries that contradict what they rest on, by that alone. Pure.

    over the price cap   a signed Offer, and receipts under it, of one epoch, that are together more
    wrong receipt        a receipt, and the lines that it names, which come to something else
    wrong total          what an author signed in a channel, from its Open or a Voucher to the next

Only what is certain: who has lost entries may write receipts again, in another epoch, and a Reset
that both sides signed raises a total. So a total convicts when it is less than the sum.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final

from engine.errors import Damaged
from engine.step import Signed
from peers.agreement import OFFER
from peers.entries import Open, Receipt, Royalty, Voucher
from peers.entry import Written, is_signed, parse
from peers.identity import PeerId
from peers.receipts import LINES, receipt_of
from peers.signed import unseal

CAP: Final = "over the price cap"
RECEIPT: Final = "wrong receipt"
TOTAL: Final = "wrong total"


def check(what: str, evidence: Sequence[bytes]) -> PeerId:
    """Return whom the evidence convicts of a breach of that kind.

    Signatures take the longest, and are looked at when all else holds.

    Raises: Damaged when it does not.
    """
    if len(evidence) < 2 or (what == RECEIPT and len(evidence) > 2):
        raise Damaged("a breach is proved by other records")
    return _CHECKS[what](evidence)


def _check_cap(evidence: Sequence[bytes]) -> PeerId:
    offer, (entries, seals) = unseal(OFFER, evidence[0]), _parsed(evidence[1:])
    if any((one.author, _place(one)) != (offer.signer, _place(entries[0])) for one in entries):
        raise Damaged("receipts are not the requester's, or not of one channel and epoch")
    if any(one.entry.number >= two.entry.number for one, two in pairwise(entries)):
        raise Damaged("receipts are not in the order of their log")
    bodies = [one.body for one in entries if isinstance(one.body, Receipt)]
    if len(bodies) < len(entries) or any(body.agreement != offer.cid for body in bodies):
        raise Damaged("something is no receipt, or under another agreement")
    if sum(body.amount for body in bodies) <= offer.value.price_cap:
        raise Damaged("receipts are within what was agreed")
    _check_signed(seals)
    return offer.signer


def _place(written: Written) -> object:
    return written.entry.channel, written.entry.epoch


def _check_receipt(evidence: Sequence[bytes]) -> PeerId:
    signed, record = evidence
    ((receipt,), seals), lines = _parsed([signed]), LINES.decode(record)
    if not any(cid.matches(record) for cid in receipt.entry.refs):
        raise Damaged("a receipt does not name these lines")
    if not isinstance(receipt.body, Receipt) or receipt.body == receipt_of(lines):
        raise Damaged("a receipt is for what its lines come to")
    _check_signed(seals)
    return receipt.author


def _check_total(evidence: Sequence[bytes]) -> PeerId:
    chain, seals = _parsed(evidence)
    first, *between, last = chain
    if any(two.entry.before != one.id or not _beside(one, two) for one, two in pairwise(chain)):
        raise Damaged("entries do not follow one another in a channel")
    if any(isinstance(one.body, Voucher | Open) for one in between):
        raise Damaged("there is another voucher between the two")
    total, nonce = _standing(first)
    body = last.body
    if not isinstance(body, Voucher):
        raise Damaged("the last entry is no voucher")
    for one in between:
        total += one.body.amount if isinstance(one.body, Receipt | Royalty) else 0
    if body.nonce == nonce + 1 and body.total >= total:
        raise Damaged("a voucher is as it should be")
    _check_signed(seals)
    return last.author


def _parsed(evidence: Sequence[bytes]) -> tuple[list[Written], list[Signed]]:
    """Read entries, and what is yet to be looked at: whether their authors did sign them."""
    read = [parse(one) for one in evidence]
    return [written for written, _ in read], [sealed for _, sealed in read]


def _check_signed(seals: Iterable[Signed]) -> None:
    if not all(map(is_signed, seals)):
        raise Damaged("the signature on an entry does not hold")


def _beside(one: Written, two: Written) -> bool:
    is_in_channel = one.entry.channel is not None
    return is_in_channel and (one.author, one.entry.channel) == (two.author, two.entry.channel)


def _standing(first: Written) -> tuple[int, int]:
    """Return the total and nonce of an author's vouchers after its first entry or a voucher."""
    match first.body:
        case Voucher(nonce=nonce, total=total):
            return total, nonce
        case Open() if first.entry.before is None:
            return 0, 0
    raise Damaged("the first entry is no voucher, and opens no channel")


_CHECKS: Final[dict[str, Callable[[Sequence[bytes]], PeerId]]] = {
    CAP: _check_cap,
    RECEIPT: _check_receipt,
    TOTAL: _check_total,
}
