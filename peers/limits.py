"""Limits: how much a peer may owe me: what its owner set, and how that grows. Pure.

A newcomer may owe a little. More is lent to whom has given back: the limit grows with what both
owed each other and is settled by that, never with promises, and never falls by itself. All of whom
nobody knows may owe no more together than some amount: keys cost nothing (docs/adr/0134).

>>> grown(Policy(1_000_000, 50, 100_000_000), granted=1_000_000, settled=4_000_000)
3000000
"""

from typing import Final

from engine.values import dataclass
from peers.entries import MAX_AMOUNT

SOFT_PERCENT: Final = 80  # of a limit: from there on its owner is told


@dataclass(frozen=True, slots=True)
class Policy:
    """How limits are set that nobody set by hand. Amounts are micro-credits."""

    newcomer: int  # of a peer that never gave anything
    growth_percent: int  # of what is settled, on top of that
    most: int
    strangers: int = MAX_AMOUNT  # of all together who have not given back what a newcomer may owe

    def is_stranger(self, settled: int) -> bool:
        """Return whether somebody has yet to give back what a newcomer may owe."""
        return settled < self.newcomer


def grown(policy: Policy, *, granted: int, settled: int) -> int:
    """Return the limit of a peer that has one, after so much was settled."""
    earned = policy.newcomer + settled * policy.growth_percent // 100
    return max(granted, min(earned, policy.most, MAX_AMOUNT))


def is_near(limit: int, exposure: int) -> bool:
    """Return whether so much is close to a limit."""
    return limit > 0 and exposure * 100 >= limit * SOFT_PERCENT
