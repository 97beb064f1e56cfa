"""Findings: what is known of a run besides what its maker says: reruns, vouchers, receipts. Pure.

The same run has other findings in another home: they are what this home did and was given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import NamedTuple

from engine.content.cid import Cid
from engine.redone import Redone, RedoneStep
from engine.values import dataclass


class Who(NamedTuple):
    """Whose word something is."""

    peer: str  # its id; "" for nobody, as nobody signed it
    known: str  # how the user of this home knows that peer; "" when not at all
    name: str  # where the user said that it is; "" when nowhere


NOBODY = Who("", "", "")


class Place(NamedTuple):
    """Where steps of a rerun ran."""

    who: Who
    system: str
    sandbox: str
    steps: int


@dataclass(frozen=True, slots=True)
class Again:
    """A rerun that was made in this home."""

    redone: Redone
    counts: Mapping[str, int]  # verdict -> steps
    places: Sequence[Place]
    steps: Sequence[RedoneStep]  # those that are listed: the worst first

    @property
    def unlisted(self) -> int:
        """How many steps came out no worse than those that are listed, and are not."""
        return sum(self.counts.values()) - len(self.steps)


class Voucher(NamedTuple):
    """Somebody who vouches for what came out of steps, on machines of one class."""

    who: Who
    machine: str  # its class; "" when that is not said
    sandbox: str
    agree: int  # steps that gave the run's result, by their word
    differ: int  # that gave another one


class Voice(NamedTuple):
    """How many vouch for what came out of one step."""

    id: str
    result: Cid | None
    agree: int
    differ: int
    unsigned: int
    check: str  # what checks in this home came to, in words; "" when there was none


class Part(NamedTuple):
    """Which steps of a run are here, of one that came in a thin bundle."""

    steps: int
    possible: int  # that gave a result
    seed: str  # "" when they were chosen


@dataclass(frozen=True, slots=True)
class Findings:
    """All that is known of a run besides itself."""

    again: Sequence[Again] = ()  # the latest first
    older: int = 0  # reruns that are not among them
    worse: Mapping[str, int] = field(default_factory=dict)  # verdict -> steps, before the latest
    vouchers: Sequence[Voucher] = ()
    more_vouchers: int = 0
    voices: Sequence[Voice] = ()  # those with another result first
    more_voices: int = 0
    unheard: int = 0  # steps that were not looked at: there were too many
    parts: Sequence[Part] = ()  # none: all of it is here
    receipts: str = ""  # what those in its bundle come to, in words
    paid: Sequence[Who] = ()  # whom, by these
    cost: str = ""  # of a run that was made here
