"""Balance: how one channel stands, in a few numbers: what is shown, and kept to be read fast. Pure.

>>> balance_of(ledger, channel).balance                                  # doctest: +SKIP
1200000
"""

from typing import NamedTuple

from peers.channel import Channel
from peers.identity import PeerId
from peers.ledger import Ledger


class Balance(NamedTuple):
    """One channel; amounts are micro-credits."""

    channel: bytes
    peer: PeerId
    generation: int
    balance: int  # what the peer owes me, by vouchers; negative: what I owe it
    unvouchered: int  # the same of receipts and royalties that have no voucher yet
    limit_granted: int  # what the peer may owe me
    limit_received: int  # what I may owe it
    reserved: int  # of what I grant, set aside for work under way
    reserved_received: int  # of what it grants
    is_frozen: bool  # the peer is convicted
    is_over: bool


def balance_of(ledger: Ledger, channel: Channel) -> Balance:
    """Return how a channel of a ledger stands."""
    return Balance(
        channel=channel.id,
        peer=channel.peer,
        generation=channel.generation,
        balance=channel.balance,
        unvouchered=channel.theirs.owed - channel.mine.owed,
        limit_granted=channel.mine.limit,
        limit_received=channel.theirs.limit,
        reserved=channel.reserved(channel.peer),
        reserved_received=channel.reserved(channel.me),
        is_frozen=channel.peer in ledger.convicts,
        is_over=channel.is_over,
    )


def balances_of(ledger: Ledger) -> dict[bytes, Balance]:
    """Return how all channels of a ledger stand, by their ids."""
    return {name: balance_of(ledger, one) for name, one in sorted(ledger.channels.items())}
