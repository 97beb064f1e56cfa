"""Sums: how a channel stands, counted from what was signed by plain addition, and by nothing else.

It shares no code with peers/clearing.py: the two are to come to the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.content.cid import Cid
from peers.entries import (
    Agreed,
    Body,
    Checkpoint,
    Close,
    Limit,
    Open,
    Receipt,
    Reset,
    Royalty,
    Voucher,
)
from peers.entry import Written
from peers.identity import PeerId


@dataclass
class Tally:
    """What one side has signed."""

    limit: int = 0
    total: int = 0
    nonce: int = 0
    waiting: dict[Cid, int] = field(default_factory=dict)  # receipts without a voucher
    ever: int = 0  # of all receipts and royalties
    royalties: int = 0
    vouched: set[Cid] = field(default_factory=set)
    signed: Body | None = None

    @property
    def debt(self) -> int:
        """All that it owes."""
        return self.total + sum(self.waiting.values())


@dataclass
class Cap:
    """What was agreed, and what became of it."""

    requester: PeerId
    cap: int
    applied: int = 0
    released: int = 0


class Covered(NamedTuple):
    """What a voucher is for."""

    ids: tuple[Cid, ...]
    amount: int
    total_before: int
    nonce_before: int
    are_new: bool  # none of it had a voucher


class Stand(NamedTuple):
    """How a channel stands at some time."""

    limit: int  # that its owner lends
    exposure: int
    totals: dict[PeerId, int]  # of vouchers
    debts: dict[PeerId, int]
    ever: dict[PeerId, int]  # what all receipts, royalties and resets come to
    reserved: dict[PeerId, int]  # by who pays
    is_within: bool  # no more came under an agreement than was agreed


class Sums:
    """A channel, as one of the two took it."""

    def __init__(self, me: PeerId, peer: PeerId) -> None:
        """Begin with nothing."""
        self.me = me
        self.sides = {me: Tally(), peer: Tally()}
        self.caps: dict[Cid, Cap] = {}
        self.past: list[Cap] = []  # closed
        self.raised: dict[PeerId, int] = {}  # by resets

    def take(self, written: Written) -> Covered | None:
        """Count what an entry says; return what it covers, if it is a voucher."""
        body, author = written.body, written.author
        side = self.sides[author]
        match body:
            case Open() | Limit():
                side.limit = body.limit
            case Agreed():
                self.caps[body.agreement] = Cap(self.other(author), body.price_cap)
            case Receipt() | Royalty():
                self._owe(side, written.id, body)
            case Voucher():
                return _vouch(side, body)
            case Close():
                self._close(author, body.agreement)
            case Checkpoint() | Reset():
                side.signed = body
                self._reset(body)
        return None

    def stand(self) -> Stand:
        """Return how it stands."""
        caps = (*self.past, *self.caps.values())
        return Stand(
            self.sides[self.me].limit,
            self.exposure(self.me),
            {peer: side.total for peer, side in self.sides.items()},
            {peer: side.debt for peer, side in self.sides.items()},
            {peer: side.ever + self.raised.get(peer, 0) for peer, side in self.sides.items()},
            {peer: self.reserved(peer) for peer in self.sides},
            all(0 <= one.applied <= one.cap for one in caps),
        )

    def other(self, author: PeerId) -> PeerId:
        """Return the other side."""
        (found,) = self.sides.keys() - {author}
        return found

    def reserved(self, requester: PeerId) -> int:
        """Return what is set aside for what one side may come to owe."""
        return sum(one.cap - one.applied - one.released for one in self._of(requester))

    def exposure(self, lender: PeerId) -> int:
        """Return what the other may come to owe for work."""
        debtor = self.other(lender)
        lent = self.sides[debtor].debt - self.sides[debtor].royalties
        return lent - self.sides[lender].debt + self.reserved(debtor)

    def _of(self, requester: PeerId) -> Iterator[Cap]:
        return (one for one in self.caps.values() if one.requester == requester)

    def _owe(self, side: Tally, name: Cid, body: Receipt | Royalty) -> None:
        side.waiting[name] = body.amount
        side.ever += body.amount
        if isinstance(body, Royalty):
            side.royalties += body.amount
        elif (held := self.caps.get(body.agreement)) is not None:
            held.applied += body.amount
            held.released -= min(held.released, body.amount)  # a result that came after all

    def _close(self, author: PeerId, agreement: Cid) -> None:
        held = self.caps.get(agreement)
        if held is None:
            return
        held.released = held.cap - held.applied
        if held.requester == author:
            self.past.append(self.caps.pop(agreement))

    def _reset(self, body: Body) -> None:
        if not isinstance(body, Reset) or any(one.signed != body for one in self.sides.values()):
            return
        for peer, added in zip(sorted(self.sides), body.added, strict=True):
            self.raised[peer] = self.raised.get(peer, 0) + added
            self.sides[peer].total += added


def _vouch(side: Tally, body: Voucher) -> Covered:
    ids, amount = tuple(side.waiting), sum(side.waiting.values())
    covered = Covered(ids, amount, side.total, side.nonce, not side.vouched & set(ids))
    side.total, side.nonce = body.total, body.nonce
    side.vouched.update(ids)
    side.waiting = {}
    return covered
