"""Channel: how two peers stand with each other in credit, as one of them knows it. Pure.

How it comes to stand so is in clearing.py. Amounts are micro-credits.

>>> channel.balance, channel.room()                                      # doctest: +SKIP
(1200000, 3800000)
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Final, TypeVar

from blake3 import blake3

from engine.content.cid import Cid
from engine.values import dataclass
from peers.entries import Checkpoint, Reset, Standing
from peers.identity import PeerId
from peers.place import Place

T = TypeVar("T")

_TAG: Final = b"tallystick/channel/1"


@dataclass(frozen=True, slots=True)
class Held:
    """An agreement that is in force."""

    requester: PeerId
    price_cap: int
    applied: int = 0  # of that, by receipts
    is_released: bool = False  # the provider waits for no more

    @property
    def reserved(self) -> int:
        """What may still come to be owed."""
        return 0 if self.is_released else self.price_cap - self.applied


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two has signed."""

    is_open: bool = False
    limit: int = 0  # what the other may owe it
    is_fixed: bool = False  # set by its owner: it does not grow by itself
    total: int = 0  # of its vouchers
    nonce: int = 0  # of the last of those
    voucher: Cid | None = None  # that one
    pending: tuple[Cid, ...] = ()  # receipts and royalties since
    owed: int = 0  # what those amount to
    given: int = 0  # of all it owes, what is royalties: nobody lent that
    last: Cid | None = None  # its last entry in the channel
    number: int = -1  # of that, in its log
    epoch: int = 0
    signed: Checkpoint | Reset | None = None  # the last that it signed

    @property
    def debt(self) -> int:
        """All that it owes, by its own word."""
        return self.total + self.owed

    @property
    def place(self) -> Place | None:
        """Where its last entry is in its log."""
        return None if self.last is None else Place(self.epoch, self.number, self.last)

    @property
    def signed_number(self) -> int:
        """The number of the last checkpoint that it signed; 0 for none."""
        return self.signed.number if self.signed else 0

    @property
    def standing(self) -> Standing:
        """How it stands, for a checkpoint."""
        return Standing(self.limit, self.total, self.nonce, self.voucher, self.is_fixed)


@dataclass(frozen=True, slots=True)
class Channel:
    """How things stand between `me` and `peer`."""

    id: bytes
    me: PeerId
    peer: PeerId
    generation: int
    mine: Side = Side()
    theirs: Side = Side()
    agreements: Mapping[Cid, Held] = field(default_factory=dict)
    checkpoint: Checkpoint | Reset | None = None  # the last that both signed
    is_frozen: bool = False  # the peer is convicted: nothing more is lent to it
    is_over: bool = False

    @property
    def balance(self) -> int:
        """What the peer owes me; negative: what I owe it."""
        return self.theirs.total - self.mine.total

    @property
    def settled(self) -> int:
        """How much of what was owed for work has been given back in kind."""
        return min(self.theirs.debt - self.theirs.given, self.mine.debt - self.mine.given)

    @property
    def exposure(self) -> int:
        """What the peer owes or may come to owe me for work that I lend it."""
        lent = self.theirs.debt - self.theirs.given
        return lent - self.mine.debt + self.reserved(self.peer)

    def reserved(self, requester: PeerId) -> int:
        """What is set aside for the agreements in which one of the two pays."""
        return sum(one.reserved for one in self.agreements.values() if one.requester == requester)

    def room(self) -> int:
        """Return for how much the peer may still make agreements with me."""
        if self.is_frozen or self.is_over:
            return 0
        return max(0, self.mine.limit - self.exposure)

    def side(self, author: PeerId) -> Side:
        """Return what one of the two has signed."""
        return self.mine if author == self.me else self.theirs

    def other(self, author: PeerId) -> PeerId:
        """Return the one of the two that is not the author of something."""
        return self.peer if author == self.me else self.me

    def is_ending(self, author: PeerId) -> bool:
        """Return whether a side has ended it, and had no yes or no: it says nothing meanwhile."""
        said = self.unanswered(author)
        return isinstance(said, Checkpoint) and said.is_final

    def is_resetting(self, author: PeerId) -> bool:
        """Return whether a side asked for a reset, and had no yes or no: it gives no voucher.

        The voucher would say less than the other counts, if that has said yes meanwhile.
        """
        return isinstance(self.unanswered(author), Reset)

    def unanswered(self, author: PeerId) -> Checkpoint | Reset | None:
        """Return what a side has signed that the other has neither signed nor refused."""
        side, other = self.side(author), self.side(self.other(author))
        return side.signed if other.signed_number < side.signed_number else None

    def ordered(self, pair: tuple[T, ...]) -> tuple[T, T]:
        """Return what is of me and what of the peer, of a pair in the order of their keys."""
        low, high = pair
        return (low, high) if self.me < self.peer else (high, low)

    def in_order(self, mine: T, theirs: T) -> tuple[T, T]:
        """Return a pair in the order of the keys."""
        return (mine, theirs) if self.me < self.peer else (theirs, mine)

    @property
    def may_end(self) -> bool:
        """Whether nobody owes anything, and nothing is agreed that could change that."""
        is_settled = not (self.mine.pending or self.theirs.pending)
        return is_settled and not self.balance and not self.agreements


def channel_between(me: PeerId, peer: PeerId, generation: int = 0) -> Channel:
    """Return the channel of two peers before anything is said in it."""
    low, high = sorted((me.key, peer.key))
    name = blake3(_TAG + low + high + generation.to_bytes(8, "big")).digest()
    return Channel(name, me, peer, generation)
