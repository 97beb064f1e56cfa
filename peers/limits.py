"""Limits: how much a peer may owe me: what its owner set, and how that grows. Pure.

A newcomer may owe a little. More is lent to whom has given back: the limit grows with what both
owed each other and is settled by that, never with promises, and never falls by itself. All of whom
nobody knows may owe no more together than some amount: keys cost nothing (docs/adr/0134).

>>> grown(Policy(1_000_000, 50, 100_000_000), granted=1_000_000, settled=4_000_000)
3000000
"""

from typing import Final

from engine.errors import Refused
from engine.values import dataclass
from peers.channel import Channel
from peers.credits import MAX_CREDITS
from peers.entries import Limit, Open
from peers.identity import PeerId
from peers.ledger import Ledger

SOFT_PERCENT: Final = 80  # of a limit: from there on its owner is told


@dataclass(frozen=True, slots=True)
class Policy:
    """How limits are set that nobody set by hand. Amounts are micro-credits."""

    newcomer: int  # of a peer that never gave anything
    growth_percent: int  # of what is settled, on top of that
    most: int
    strangers: int = MAX_CREDITS  # of all together who have not given back what a newcomer may owe

    def is_stranger(self, settled: int) -> bool:
        """Return whether somebody has yet to give back what a newcomer may owe."""
        return settled < self.newcomer


def grown(policy: Policy, *, granted: int, settled: int) -> int:
    """Return the limit of a peer that has one, after so much was settled."""
    earned = policy.newcomer + settled * policy.growth_percent // 100
    return max(granted, min(earned, policy.most, MAX_CREDITS))


def granted(account: Channel, limit: int) -> Open | Limit:
    """Return what lends a peer so much from now on, as an owner says: it does not grow by itself.

    Raises: Refused for this peer itself, and while an end that it signed is not answered.
    """
    if account.peer == account.me:
        raise Refused("nobody lends to themselves", fix="give another peer's id")
    if account.is_ending(account.me):
        fix = "wait until its peer has answered: 'tally credit balance' says when it has ended"
        raise Refused("you have ended the channel with this peer", fix=fix)
    if account.mine.is_open:
        return Limit(limit, is_fixed=True)
    return Open(account.peer.key, account.generation, limit, is_fixed=True)


def opening(ledger: Ledger, peer: PeerId, newcomer: int) -> Open:
    """Return what opens the channel with a peer that comes next, and what it lends.

    What an owner has set stays when a channel ends, whoever ended it; else one may owe what a
    newcomer may.
    """
    generation = ledger.channel(peer).generation
    fixed = [one.mine.limit for one in ledger.with_peer(peer) if one.mine.is_fixed]
    if fixed:  # nobody sets it to what grows by itself
        return Open(peer.key, generation, fixed[-1], is_fixed=True)
    return Open(peer.key, generation, newcomer)


def promised(ledger: Ledger, peer: PeerId) -> int | None:
    """Return what the owner of a peer has set, and it opens the next channel with; None: nothing.

    As `opening` says it, on the other side.
    """
    fixed = [one.theirs.limit for one in ledger.with_peer(peer) if one.theirs.is_fixed]
    return fixed[-1] if fixed else None


def left(ledger: Ledger, provider: PeerId, newcomer: int) -> int:
    """Return how much more a peer lends the owner, micro-credits; `newcomer` is for strangers."""
    channel = ledger.channel(provider)
    limit = channel.theirs.limit
    if not channel.theirs.is_open:
        again = promised(ledger, provider)
        limit = newcomer if again is None else again
    owed = channel.mine.debt - channel.theirs.debt + channel.reserved(ledger.me)
    return max(0, limit - owed)


def is_near(limit: int, exposure: int) -> bool:
    """Return whether so much is close to a limit."""
    return limit > 0 and exposure * 100 >= limit * SOFT_PERCENT
