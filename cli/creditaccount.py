"""Credit account: how it stands with a peer, and what one of the two has not answered. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from peers.balance import Balance, balance_of
from peers.channel import Channel
from peers.entries import Reset
from peers.identity import PeerId
from peers.ledger import Ledger
from peers.settling import asked_reset, balance_after, own_reset


class Asked(NamedTuple):
    """What somebody asks to agree on: the balance, as the owner of the ledger has it, and why."""

    balance: int
    why: str


class Account(NamedTuple):
    """How it stands, and what one of the two signed that the other has not answered."""

    me: PeerId
    balance: Balance
    asked: Asked | None  # by the peer
    asking: Asked | None  # by the owner of the ledger
    is_ending: bool  # its owner has ended it
    refused: str | None  # why the owner wanted a reset, to which the peer said no


def accounts_of(ledger: Ledger, denied: Callable[[Channel], Reset | None]) -> list[Account]:
    """Return how it stands with each peer, in the channel in which something was said last.

    `denied` says which reset its owner asked for there before anything else, and had a no.
    """
    last = [[*ledger.with_peer(peer)][-1] for peer in ledger.peers()]
    return [_account(ledger, one, denied(one)) for one in last]


def _account(ledger: Ledger, last: Channel, refused: Reset | None) -> Account:
    return Account(
        ledger.me,
        balance_of(ledger, last),
        _asked(last, asked_reset(last)),
        _asked(last, own_reset(last)),
        last.is_ending(last.me) and not last.is_over,
        None if refused is None else refused.reason,
    )


def _asked(account: Channel, reset: Reset | None) -> Asked | None:
    return None if reset is None else Asked(balance_after(account, reset), reset.reason)
