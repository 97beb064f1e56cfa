"""Peers who keep ledgers, and tell each other of every entry at once."""

from collections.abc import Sequence

from engine.content.cid import RAW, Cid
from peers.channel import Channel
from peers.clearing import next_voucher
from peers.entries import Agreed, Body, Genesis, Open, Receipt, Voucher
from peers.entry import Written, write
from peers.identity import PeerId
from peers.ledger import Ledger, apply, follow, ledger_of
from tests.peers.keys import identity

ROOT = bytes(32)


def named(name: str) -> Cid:
    """Return a CID for something that has a name."""
    return Cid.of(RAW, name.encode())


def replay(me: PeerId, entries: Sequence[Written]) -> Ledger:
    """Return the ledger that entries give, in the order in which they were taken.

    Raises: Refused.
    """
    ledger = ledger_of(me)
    for written in entries:
        ledger = apply(ledger, written)
    return ledger


class Keeper:
    """A peer with a ledger."""

    def __init__(self, number: int) -> None:
        self.key = identity(number)
        self.peer = PeerId(self.key.public_key)
        self.ledger: Ledger = ledger_of(self.peer)
        self.log: list[Written] = []  # in the order in which it was taken
        self.say(Genesis(number.to_bytes(16, "big")))

    def channel(self, other: "Keeper") -> Channel:
        """Return how it stands with another."""
        return self.ledger.channel(other.peer)

    def write(
        self, body: Body, other: "Keeper | None" = None, refs: tuple[Cid, ...] = ()
    ) -> Written:
        """Return its next entry, which nobody has taken yet."""
        channel = self.channel(other) if other else None
        return write(follow(self.ledger, body, channel, 0, refs=refs), body, self.key)

    def take(self, written: Written) -> None:
        """Take an entry, its own or another's."""
        self.ledger = apply(self.ledger, written)
        self.log.append(written)

    def say(self, body: Body, other: "Keeper | None" = None, refs: tuple[Cid, ...] = ()) -> Written:
        """Write an entry; whom it is for takes it at once."""
        written = self.write(body, other, refs)
        self.take(written)
        if other is not None:
            other.take(written)
        return written

    def pay(self, other: "Keeper") -> None:
        """Give a voucher for all that it owes."""
        voucher = next_voucher(self.channel(other).mine)
        assert isinstance(voucher, Voucher)
        self.say(voucher, other)


def opened(limit: int = 1_000) -> tuple[Keeper, Keeper]:
    """Return two peers who lend each other so much."""
    one, two = Keeper(1), Keeper(2)
    one.say(Open(two.peer.key, 0, limit), two)
    two.say(Open(one.peer.key, 0, limit), one)
    return one, two


def work(requester: Keeper, provider: Keeper, cap: int, *amounts: int, name: str = "run") -> Cid:
    """Have one agree to work for another, who accepts results for some amounts."""
    agreement = named(name)
    provider.say(Agreed(agreement, cap), requester)
    for amount in amounts:
        requester.say(Receipt(agreement, ROOT, 1, amount), provider)
    return agreement
