"""Vetting: whether what another peer enters is backed by what it names. Pure.

An entry that follows from nothing is not taken, and nothing is changed by it.
"""

from collections.abc import Container, Mapping

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged
from peers import receipts, royalty
from peers.agreement import OFFER
from peers.entries import Agreed, Receipt, Royalty
from peers.entry import Written
from peers.identity import PeerId
from peers.signed import unseal


def objection(written: Written, blocks: Mapping[Cid, Block], me: PeerId) -> str:
    """Return why an entry in a channel with me is not taken; "" when it is.

    `blocks` are those that came with it: of each the bytes are what it is named.
    """
    if lacks(written, blocks):
        return "it comes without what it names"
    match written.body:
        case Agreed() as agreed:
            return _of_agreed(agreed, written.author, blocks, me)
        case Receipt() as receipt:
            lines = blocks.get(written.entry.refs[0]) if written.entry.refs else None
            if lines is None:
                return "a receipt comes with its lines"
            return receipts.objection(receipt, lines.data)
        case Royalty(_, manifest):
            return _of_royalty(manifest, blocks)
        case _:
            return ""


def lacks(written: Written, blocks: Container[Cid]) -> bool:
    """Return whether something that an entry names did not come with it."""
    return any(cid not in blocks for cid in written.entry.refs)


def _of_agreed(agreed: Agreed, provider: PeerId, blocks: Mapping[Cid, Block], me: PeerId) -> str:
    """Look whether I offered what a provider says that it accepted."""
    block = blocks.get(agreed.agreement)
    if block is None:
        return "what was agreed comes with the offer"
    try:
        offer = unseal(OFFER, block.data)
    except Damaged as damaged:
        return damaged.what
    terms = offer.value
    if offer.signer != me or (terms.requester, terms.provider) != (me.key, provider.key):
        return "it was never offered that"
    return "" if terms.price_cap == agreed.price_cap else "it was offered another amount"


def _of_royalty(manifest: Cid, blocks: Mapping[Cid, Block]) -> str:
    block = blocks.get(manifest)
    if block is None:
        return "a royalty comes with its manifest"
    try:
        royalty.opened(block.data)
    except Damaged as damaged:
        return damaged.what
    return ""
