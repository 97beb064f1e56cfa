"""Vetting: whether what another peer enters follows from what it names. Pure.

It looks at what an audit will look at (grounds.py), with the same eyes, and besides that what an
entry rests on is at hand. An entry that follows from nothing is not taken, and nothing is changed
by it: so nobody can put into a ledger what `tally credit verify` will not let pass.
"""

from collections.abc import Mapping
from typing import Final

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged
from peers.channel import Channel
from peers.entries import (
    Agreed,
    Body,
    Checkpoint,
    Close,
    Dispute,
    Limit,
    Open,
    Receipt,
    Reset,
    Royalty,
    Voucher,
)
from peers.entry import Written
from peers.grounds import MANIFESTS, OFFERS, PAGES, Evidence, Grounds
from peers.ledger import Ledger

MAX_ASIDES: Final = 256  # in a row: of an honest peer a few, and each is kept for ever
MAX_STRANGERS: Final = 1_024  # channels that another has opened, in which nothing was said here

UNNAMED: Final = "it comes without what it names"

_LACKS: Final = {
    OFFERS: "what was agreed comes with the offer",
    PAGES: "a receipt comes with its lines",
    MANIFESTS: "a royalty comes with its manifest, and those of its parents",
}


class Vetting:
    """What looks at entries before they are taken."""

    def __init__(self, evidence: Evidence) -> None:
        """Use blocks that came before, too."""
        self._came: Mapping[Cid, Block] = {}
        self._evidence = evidence
        self._grounds = Grounds(self._find)

    def objection(
        self, written: Written, blocks: Mapping[Cid, Block], channel: Channel | None
    ) -> str:
        """Return why an entry of its channel is not taken; "" when it is, if it is in its place.

        `blocks` are those that came with it: of each the bytes are what it is named.
        """
        if channel is None and not isinstance(written.body, Open):
            return ""  # it is in no place
        if any(cid not in blocks for cid in written.entry.refs):
            return UNNAMED
        if (
            isinstance(written.body, Agreed) and not written.entry.refs
        ):  # others may have brought it
            return _LACKS[OFFERS]
        self._came = blocks
        try:
            lacks = self._grounds.lacking(written, channel)
        except Damaged as damaged:
            return damaged.what
        finally:
            self._came = {}
        return _LACKS.get(lacks or "", "")

    def excess(self, body: Body, asides: int, ledger: Ledger, channel: Channel | None) -> str:
        """Return why there is no room for an entry; "" when there is.

        Its author has said so many in a row that change nothing of what anybody owes.
        """
        if channel is None:
            strangers = sum(not one.mine.is_open for one in ledger.channels.values())
            return "too many have opened a channel here" if strangers >= MAX_STRANGERS else ""
        too_many = is_aside(body, channel) and asides >= MAX_ASIDES
        return "it says much, and nobody owes more or less for it" if too_many else ""

    def _find(self, cid: Cid) -> bytes | None:
        block = self._came.get(cid)
        return block.data if block is not None else self._evidence(cid)


def is_aside(body: Body, channel: Channel) -> bool:
    """Return whether an entry changes nothing of what anybody owes, or may come to owe."""
    match body:
        case Limit() | Dispute() | Checkpoint() | Reset():
            return True
        case Receipt(amount=0) | Royalty(amount=0):
            return True
        case Close(agreement):
            return agreement not in channel.agreements
        case _:
            return False


def moves(body: Body) -> bool:
    """Return whether an entry changes what its author owes, or vouches for that."""
    match body:
        case Receipt(amount=amount) | Royalty(amount=amount):
            return amount > 0
        case _:
            return isinstance(body, Voucher)
