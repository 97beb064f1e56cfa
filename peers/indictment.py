"""Indictment: the evidence for what an entry breaks that was not taken, out of the book.

It is gathered once for an entry; whether it proves anything, breaches.py says.
"""

from collections.abc import Iterable, Iterator

from engine.content.blocks import Block
from peers import breaches
from peers.entries import Open, Receipt, Voucher
from peers.entry import Written, parse
from peers.ledger_file import LedgerFile
from peers.proofs import MAX_EVIDENCE, FraudProof, prove


def indict(book: LedgerFile, written: Written, blocks: Iterable[Block]) -> FraudProof | None:
    """Return the proof that an entry is a breach of what its author said before, if it is."""
    for what, evidence in _evidence(book, written, blocks):
        if (proof := prove(what, evidence)) is not None:
            return proof
    return None


def _evidence(
    book: LedgerFile, written: Written, blocks: Iterable[Block]
) -> Iterator[tuple[str, list[bytes]]]:
    match written.body:
        case Receipt(agreement):
            for block in blocks:
                yield breaches.RECEIPT, [written.signed, block.data]
            if (offer := book.evidence(agreement)) is not None:
                under = [one.signed for one in _before(book, written) if _is_under(one, written)]
                yield breaches.CAP, [offer, *under, written.signed]
        case Voucher():
            said = _before(book, written)
            last = max((at for at, one in enumerate(said) if _begins(one)), default=len(said))
            yield breaches.TOTAL, [one.signed for one in (*said[last:], written)]
        case _:
            return


def _before(book: LedgerFile, written: Written) -> list[Written]:
    """Return what an author has said in a channel, in order: the last of it that is not pruned.

    Signatures were looked at when it was entered, and are again in a proof.
    """
    query = (
        "SELECT signed FROM entries WHERE channel = ? AND author = ? AND signed != x''"
        " ORDER BY pos DESC LIMIT ?"
    )
    values = (written.entry.channel, written.entry.author, MAX_EVIDENCE - 2)
    return [parse(signed)[0] for signed in book.column(query, values)][::-1]


def _is_under(one: Written, written: Written) -> bool:
    """Return whether an entry is a receipt under the same agreement, in the same epoch."""
    receipt, asked = one.body, written.body
    if not isinstance(receipt, Receipt) or not isinstance(asked, Receipt):
        return False
    return receipt.agreement == asked.agreement and one.entry.epoch == written.entry.epoch


def _begins(one: Written) -> bool:
    return isinstance(one.body, Voucher | Open)
