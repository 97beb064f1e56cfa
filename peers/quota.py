"""Quota: what of a crowd of things stays where there is no room for all. Pure.

Who makes a thing may have so many of them: the newest. Hearsay counts for the source that told of
it, what is trusted for its maker. When there is no room, what came last goes of whoever has most,
and hearsay first: who brings many, under however many names, pushes out its own. What is own stays.

>>> quota = Quota[str](room=2, each=9)
>>> told = [Thing("a", "ann", "s", 1), Thing("b", "bob", "s", 2), Thing("c", "cy", "t", 1)]
>>> [quota.put(thing) for thing in told]
[None, None, 'b']
"""

from bisect import bisect_left, insort
from collections.abc import Hashable, Iterator
from enum import IntEnum
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)

_Lists = dict[Hashable, list[tuple[int, K]]]  # in order of some number


class Rank(IntEnum):
    """What a thing is to this peer; the least goes first."""

    HEARSAY = 0
    TRUSTED = 1
    OWN = 2


class Thing(NamedTuple, Generic[K]):
    """What is counted of a thing."""

    key: K
    maker: Hashable
    source: str  # of whom it came
    made_ms: int
    rank: Rank = Rank.HEARSAY


class Quota(Generic[K]):
    """Things, as many as there is room for; what is own comes on top."""

    def __init__(self, room: int, each: int) -> None:
        """Have room for so many, and for so many of one maker."""
        self._room = room
        self._each = each
        self._things: dict[K, Thing[K]] = {}
        self._arrivals: dict[K, int] = {}  # when each came, counted
        self._arrived = 0
        self._made: _Lists[K] = {}  # by maker, the oldest first
        self._groups: dict[Rank, _Lists[K]] = {Rank.HEARSAY: {}, Rank.TRUSTED: {}}  # as they came
        self._count = 0  # of what is in those

    def __len__(self) -> int:
        return len(self._things)

    def __iter__(self) -> Iterator[K]:
        return iter(self._things)

    def get(self, key: K) -> Thing[K] | None:
        """Return what is counted of a thing."""
        return self._things.get(key)

    def put(self, thing: Thing[K]) -> K | None:
        """Count a thing, in place of what has its key; return what had to go for it, if anything.

        That is the thing itself when it is not taken.
        """
        arrival = self._arrivals.get(thing.key, self._arrived)
        self.drop(thing.key)
        gone = self._least(thing) if thing.rank is not Rank.OWN else None
        if gone == thing.key:
            return gone
        if gone is not None:
            self.drop(gone)
        self._arrived += 1
        self._things[thing.key], self._arrivals[thing.key] = thing, arrival
        if thing.rank is not Rank.OWN:
            self._count += 1
            for groups, group, number in self._lists(thing):
                insort(groups.setdefault(group, []), (number, thing.key))
        return gone

    def vouch(self, key: K, source: str) -> bool:
        """Hear that another source tells of a thing, too; return whether it counts for that now.

        It does for whichever has told of less.
        """
        thing = self._things.get(key)
        if thing is None or thing.rank is not Rank.HEARSAY:
            return False
        other = thing._replace(source=source)
        if self._size(thing) <= self._size(other) + 1:
            return False
        self.put(other)
        return True

    def drop(self, key: K) -> None:
        """Count a thing no more."""
        thing = self._things.get(key)
        if thing is None:
            return
        if thing.rank is not Rank.OWN:
            self._count -= 1
            for groups, group, number in self._lists(thing):
                found = groups[group]
                del found[bisect_left(found, (number, key))]
                if not found:
                    del groups[group]
        del self._things[key], self._arrivals[key]

    def _lists(self, thing: Thing[K]) -> Iterator[tuple[_Lists[K], Hashable, int]]:
        """Yield what a thing is counted in, as whose, and where."""
        yield self._made, thing.maker, thing.made_ms
        yield self._groups[thing.rank], _group(thing), self._arrivals[thing.key]

    def _size(self, thing: Thing[K]) -> int:
        """How many count for what a thing counts for."""
        return len(self._groups[thing.rank].get(_group(thing), ()))

    def _least(self, thing: Thing[K]) -> K | None:
        """Return what has to go for a thing: it, when that is the least."""
        made = self._made.get(thing.maker, [])
        if len(made) >= self._each:
            return min(made[0], (thing.made_ms, thing.key))[1]
        if self._count < self._room:
            return None
        lowest = Rank.HEARSAY if self._groups[Rank.HEARSAY] else Rank.TRUSTED
        most = max(self._groups[lowest].values(), key=len)
        if thing.rank > lowest or (thing.rank == lowest and len(most) > self._size(thing)):
            return most[-1][1]
        return thing.key


def _group(thing: Thing[K]) -> Hashable:
    return thing.source if thing.rank is Rank.HEARSAY else thing.maker
