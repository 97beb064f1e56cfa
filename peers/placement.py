"""Placement: which provider a step goes to. Pure.

The one from which its result is expected first: what has to be sent there, at a rate that is
assumed, and the step's own time, as fast as that provider was with others, behind what it has to
do already; but nobody waits for one while another is idle. Of those that are not much later than
the first, the cheapest (docs/adr/0127). One whose agreement is used up is given nothing; one that
failed lately is left alone for a while, twice as long each time.

>>> placement = Placement()
>>> placement.join(provider, Room(cores=2))                              # doctest: +SKIP
>>> placement.choose(Need(sizes, usual_ms=500), now_ms)                  # doctest: +SKIP
PeerId(...)
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass as mutable
from dataclasses import field
from typing import Final

from engine.content.cid import Cid
from engine.values import dataclass
from peers.credits import NOTHING, Credits
from peers.identity import PeerId
from peers.prices import Usage, about, at_most
from peers.purse import ANY, Purse

UNKNOWN_MS: Final = 1_000  # of a step that was never run
RATE: Final = 10_000  # bytes a millisecond to a provider: 10 MB a second
FIRST_BAN_MS: Final = 5_000
LONGEST_BAN_MS: Final = 3_600_000
MAX_HELD: Final = 100_000  # roots remembered of one provider: the oldest are forgotten

LATER: Final = 2  # times as long may a result take from one that is cheaper
LATER_MS: Final = 1_000  # and so much more: nobody minds

_WEIGHT: Final = 0.3  # of the newest measurement


@dataclass(frozen=True, slots=True)
class Need:
    """What a step takes: bytes of its environment and inputs by root, and its usual time."""

    sizes: Mapping[Cid, int]
    usual_ms: int | None  # None: it was never run
    cores: int = 1
    memory: int = 0  # bytes
    disk: int = 0
    only: frozenset[PeerId] | None = None  # who may have it; None: anybody
    apart: frozenset[PeerId] = frozenset()  # who may not

    def usage(self, slowness: float = 1.0) -> Usage:
        """Return what such a step uses of a provider that is so slow."""
        return Usage(self.cores, self.memory, int(_usual_ms(self) * slowness))


@dataclass(frozen=True, slots=True)
class Room:
    """What a provider lends to all steps that it runs at one time."""

    cores: int
    memory: int = 2**63  # bytes
    disk: int = 2**63

    def at_once(self, need: Need) -> int:
        """Return how many such steps it runs at one time; 0: it never runs one."""
        at_once = self.cores // (need.cores or 1)
        if need.memory:  # asked of every provider for every step: no loop, no tuples
            at_once = min(at_once, self.memory // need.memory)
        return min(at_once, self.disk // need.disk) if need.disk else at_once


_NOTHING: Final = Room(0)


@mutable(slots=True)
class _Standing:
    """What is known of a provider."""

    room: Room
    work: dict[Cid, int] = field(default_factory=dict)  # open step -> usual ms
    work_ms: int = 0  # of all of those
    held: dict[Cid, None] = field(default_factory=dict)
    slowness: float = 1.0  # its time for a step, by the usual one
    failures: int = 0  # since the last success
    banned_until_ms: int = 0
    purse: Purse | None = None  # of its agreement, if that costs anything

    def take(self, step: Cid, usual_ms: int) -> None:
        """Count an open step."""
        self.drop(step)
        self.work[step] = usual_ms
        self.work_ms += usual_ms

    def drop(self, step: Cid) -> int:
        """Return the usual ms of a step that is open no longer; 0 of one that was not."""
        usual_ms = self.work.pop(step, 0)
        self.work_ms -= usual_ms
        if self.purse:
            self.purse.drop(step)
        return usual_ms

    def affords(self, need: Need) -> int:
        """Return how many such steps more its agreement pays for."""
        return self.purse.affords(_cost(self.purse, need)) if self.purse else ANY

    def cost(self, need: Need) -> Credits:
        """Return what such a step is expected to cost there, as fast as it is."""
        if self.purse is None:
            return NOTHING
        return about(self.purse.prices, need.usage(self.slowness))


class Placement:
    """The providers of one run. For one thread."""

    def __init__(self) -> None:
        self._standings: dict[PeerId, _Standing] = {}
        self._is_paid = False  # any of them, ever

    def join(self, provider: PeerId, room: Room, purse: Purse | None = None) -> None:
        """Take a provider that may be given steps, or hear what it lends now, and what it costs."""
        standing = self._standings.setdefault(provider, _Standing(room))
        standing.room = room
        standing.purse = None if purse is None or purse.is_free else purse
        self._is_paid |= standing.purse is not None

    def leave(self, provider: PeerId) -> None:
        """Give a provider nothing more; what is known of it stays."""
        if provider in self._standings:
            self._standings[provider].room = _NOTHING

    def choose(self, need: Need, now_ms: int, *, ahead_ms: int = 0) -> PeerId | None:
        """Return who is to have a step, or None while nobody has room.

        `ahead_ms`: for how long a provider may have more to do than it runs at once, so that it
        begins the next at once; nobody is given that while another is idle.
        """
        idle: list[tuple[PeerId, _Standing, int]] = []
        ahead: list[tuple[PeerId, _Standing, int]] = []
        for peer, standing, at_once in self._able(need, now_ms):
            if len(standing.work) < at_once:
                idle.append((peer, standing, at_once))
            elif ahead_ms and not idle and _waiting_ms(standing, at_once) <= ahead_ms:
                ahead.append((peer, standing, at_once))
        usual_ms = _usual_ms(need)
        expected = [
            (_missing_ms(standing, need) + _running_ms(standing, at_once, usual_ms), peer)
            for peer, standing, at_once in idle or ahead
        ]
        if not expected:
            return None
        soonest = min(expected)
        return self._cheapest(expected, soonest[0], need) if self._is_paid else soonest[1]

    def providers(self) -> frozenset[PeerId]:
        """Return all that are known."""
        return frozenset(self._standings)

    def able(self, need: Need, now_ms: int) -> int:
        """Return how many providers could be given a step, now or when they have room."""
        return sum(1 for _ in self._able(need, now_ms))

    def idle(self, need: Need, now_ms: int, *, without: frozenset[PeerId] = frozenset()) -> int:
        """Return how many such steps more could begin at once, but for some providers'."""
        able = self._able(need, now_ms)
        return sum(
            max(0, at_once - len(standing.work))
            for peer, standing, at_once in able
            if peer not in without
        )

    def open(self, provider: PeerId) -> int:
        """Return how many steps a provider has."""
        return len(self._standings[provider].work)

    def is_there(self, provider: PeerId, now_ms: int) -> bool:
        """Return whether a provider takes steps."""
        standing = self._standings.get(provider)
        return (
            standing is not None
            and bool(standing.room.cores)
            and now_ms >= standing.banned_until_ms
        )

    def given(self, provider: PeerId, step: Cid, need: Need) -> None:
        """Count a step that a provider was given; what it needs is there from now on."""
        standing = self._standings[provider]
        standing.take(step, _usual_ms(need))
        if standing.purse:
            standing.purse.take(step, _cost(standing.purse, need))
        self.holds(provider, need.sizes)

    def holds(self, provider: PeerId, roots: Iterable[Cid]) -> None:
        """Note what a provider has."""
        held = self._standings.setdefault(provider, _Standing(_NOTHING)).held
        held.update(dict.fromkeys(roots))
        while len(held) > MAX_HELD:
            del held[next(iter(held))]

    def done(self, provider: PeerId, step: Cid, took_ms: int) -> None:
        """Learn from a step that a provider ran."""
        standing = self._standings[provider]
        if usual_ms := standing.drop(step):
            standing.slowness += _WEIGHT * (took_ms / usual_ms - standing.slowness)
        standing.failures = 0

    def dropped(self, provider: PeerId, step: Cid) -> None:
        """Count a step no more that a provider has no fault in not doing."""
        self._standings[provider].drop(step)

    def failed(self, provider: PeerId, step: Cid, now_ms: int) -> None:
        """Learn from a step that came back without a result; several at a time count as one."""
        standing = self._standings[provider]
        standing.drop(step)
        if now_ms < standing.banned_until_ms:
            return
        ban = FIRST_BAN_MS << min(standing.failures, 20)
        standing.failures += 1
        standing.banned_until_ms = now_ms + min(LONGEST_BAN_MS, ban)

    def affords(self, provider: PeerId, need: Need) -> int:
        """Return how many such steps more a provider's agreement pays for."""
        return self._standings[provider].affords(need)

    def blamed(self, provider: PeerId, now_ms: int) -> None:
        """Give nothing for an hour to one that lied; its open steps are somebody else's now."""
        standing = self._standings.setdefault(provider, _Standing(_NOTHING))
        standing.work.clear()
        standing.work_ms = 0
        standing.banned_until_ms = now_ms + LONGEST_BAN_MS

    def _able(self, need: Need, now_ms: int) -> Iterator[tuple[PeerId, _Standing, int]]:
        """Yield who could be given a step, and how many such steps it runs at one time."""
        for peer, standing in self._standings.items():
            if now_ms < standing.banned_until_ms or not (at_once := standing.room.at_once(need)):
                continue
            if standing.purse and not standing.affords(need):
                continue
            if peer not in need.apart and (need.only is None or peer in need.only):
                yield peer, standing, at_once

    def _cheapest(
        self, expected: list[tuple[float, PeerId]], soonest_ms: float, need: Need
    ) -> PeerId:
        """Return the cheapest of those that are not much later than the first; of equals, that."""
        latest_ms = LATER * soonest_ms + LATER_MS
        near = [one for one in expected if one[0] <= latest_ms]
        return min(near, key=lambda one: (self._standings[one[1]].cost(need), one))[1]


def _cost(purse: Purse, need: Need) -> Credits:
    """Return what a step is taken to cost at most while it is open."""
    return at_most(purse.prices, need.usage())


def _missing_ms(standing: _Standing, need: Need) -> float:
    """Return how long it takes to send a provider what it has not."""
    held = standing.held
    return sum([size for root, size in need.sizes.items() if root not in held]) / RATE


def _running_ms(standing: _Standing, at_once: int, usual_ms: int) -> float:
    """Return how long a step takes there, with its wait for the others."""
    return standing.slowness * (usual_ms + standing.work_ms / at_once)


def _waiting_ms(standing: _Standing, at_once: int) -> float:
    """Return how long a step would wait for the others that a provider has."""
    return standing.slowness * standing.work_ms / at_once


def _usual_ms(need: Need) -> int:
    return need.usual_ms if need.usual_ms is not None else UNKNOWN_MS
