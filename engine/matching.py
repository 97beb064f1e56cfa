"""Matching: which items of two sequences stand for one another, in bounded time. Pure.

The fewest changes (Myers) where there are few; else what is there once in both parts them
(patience), and the same is done between. Where neither helps within MOST steps, nothing is matched.

>>> matching("abcxyz", "abdxyz").runs
((0, 0, 2), (3, 3, 3))
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Final

from engine.values import dataclass

MOST: Final = 4_000_000  # steps, for all of two sequences: a few seconds
_FEW: Final = 100  # changes that are looked for before anything else
_MANY: Final = 500  # where nothing parts them: that takes their square

_Run = tuple[int, int, int]  # where it begins in either, and how long it is
_Part = tuple[int, int, int, int]  # where a part begins and ends in one, and in the other


@dataclass(frozen=True, slots=True)
class Matching:
    """What two sequences have in common, in order."""

    runs: tuple[_Run, ...]
    is_whole: bool  # False: there may be more in common


def matching(old: Sequence[Hashable], new: Sequence[Hashable]) -> Matching:
    """Return what two sequences have in common."""
    numbers: dict[Hashable, int] = {}
    one, other = ([numbers.setdefault(item, len(numbers)) for item in each] for each in (old, new))
    found = _Search(one, other)
    found.search()
    return Matching(tuple(sorted(found.runs)), found.is_whole)


class _Search:
    """One search, and how many steps it may still take."""

    def __init__(self, old: list[int], new: list[int]) -> None:
        self._old = old
        self._new = new
        self._left = MOST
        self.runs: list[_Run] = []
        self.is_whole = True

    def search(self) -> None:
        """Match part by part, until nothing is left that may be matched."""
        waiting = [(0, len(self._old), 0, len(self._new))]
        while waiting:
            a, b, c, d = self._ends(waiting.pop())
            if set(self._old[a:b]).isdisjoint(self._new[c:d]):
                continue
            self._left -= b - a + d - c
            if self._shortest(a, b, c, d, _FEW):
                continue
            if parts := self._parted(a, b, c, d):
                waiting += parts
            elif not self._shortest(a, b, c, d, _MANY):
                self.is_whole = False

    def _ends(self, part: _Part) -> _Part:
        """Match what a part begins and ends with; return what is left of it."""
        a, b, c, d = part
        old, new = self._old, self._new
        start = 0
        while a + start < b and c + start < d and old[a + start] == new[c + start]:
            start += 1
        end = 0
        while a + start < b - end and c + start < d - end and old[b - 1 - end] == new[d - 1 - end]:
            end += 1
        self._match((a, c, start), (b - end, d - end, end))
        return a + start, b - end, c + start, d - end

    def _match(self, *runs: _Run) -> None:
        self.runs += [run for run in runs if run[2]]

    def _parted(self, a: int, b: int, c: int, d: int) -> list[_Part]:
        """Return the parts between items that are there once in both; none when there are none."""
        if self._left <= 0:
            return []
        anchors = _rising(list(self._once_in_both(a, b, c, d)))
        self._match(*((x, y, 1) for x, y in anchors))
        before = [(a - 1, c - 1), *anchors]
        after = [*anchors, (b, d)]
        parts = [(x + 1, u, y + 1, v) for (x, y), (u, v) in zip(before, after, strict=True)]
        return parts if anchors else []

    def _once_in_both(self, a: int, b: int, c: int, d: int) -> Iterator[tuple[int, int]]:
        once = Counter(self._new[c:d])
        places = {item: at for at, item in enumerate(self._new[c:d], start=c) if once[item] == 1}
        counts = Counter(self._old[a:b])
        for at, item in enumerate(self._old[a:b], start=a):
            if counts[item] == 1 and item in places:
                yield at, places[item]

    def _shortest(self, a: int, b: int, c: int, d: int, most: int) -> bool:
        """Match a part by the fewest changes, when those are at most so many."""
        old, new = self._old, self._new
        reached: dict[int, int] = {1: a}
        trail: list[dict[int, int]] = []
        shift = c - a  # of the diagonal on which both begin
        for changes in range(most + 1):
            trail.append(dict(reached))
            for diagonal in range(-changes, changes + 1, 2):
                down = _goes_down(reached, changes, diagonal)
                x = reached[diagonal + 1] if down else reached[diagonal - 1] + 1
                y = x - diagonal + shift
                began = x
                while x < b and y < d and old[x] == new[y]:
                    x, y = x + 1, y + 1
                reached[diagonal] = x
                self._left -= 1 + x - began
                if x >= b and y >= d:
                    self._retrace(trail, diagonal, x, shift)
                    return True
            if self._left <= 0:
                return False
        return False

    def _retrace(self, trail: list[dict[int, int]], diagonal: int, x: int, shift: int) -> None:
        """Match what the shortest way went through, from its end to its beginning."""
        for changes in range(len(trail) - 1, -1, -1):
            before = trail[changes]
            down = _goes_down(before, changes, diagonal)
            began = before[diagonal + 1] if down else before[diagonal - 1] + 1
            self._match((began, began - diagonal + shift, x - began))
            diagonal += 1 if down else -1
            x = before[diagonal]


def _goes_down(reached: dict[int, int], changes: int, diagonal: int) -> bool:
    """Return whether the farthest way onto a diagonal puts an item in: else it takes one out."""
    if abs(diagonal) == changes:
        return diagonal == -changes
    return reached[diagonal - 1] < reached[diagonal + 1]


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest series of pairs that rise in both, of pairs that rise in the first."""
    ends: list[int] = []
    last: list[int] = []  # of the series of each length, the pair at its end
    before: list[int] = []
    for at, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [at]
        before.append(last[length - 1] if length else -1)
    found, at = [], last[-1] if last else -1
    while at >= 0:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]
