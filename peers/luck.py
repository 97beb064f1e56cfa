"""Luck: many numbers from the one random number that an event brings. Pure.

Whoever draws that number keeps the rest repeatable: the same number, the same choices.

>>> luck = Luck(7)
>>> luck.below(10) == Luck(7).below(10)
True
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

_MASK: Final = 2**64 - 1
_TRIES: Final = 16  # draws for each item wanted, so that a draw costs the same in any crowd


class Luck:
    """Numbers by splitmix64; they are for spreading load, never for keys."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def below(self, limit: int) -> int:
        """Return a number from 0 to `limit` - 1."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return (mixed ^ (mixed >> 31)) % limit

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """Return `count` different items, or all when there are fewer."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]

    def among(self, groups: Sequence[Sequence[T]], count: int, fit: Callable[[T], bool]) -> list[T]:
        """Return up to `count` different items that fit, each of a group drawn before it."""
        found: list[T] = []
        for _ in range(count * _TRIES if groups else 0):
            group = groups[self.below(len(groups))]
            item = group[self.below(len(group))]
            if item not in found and fit(item):
                found.append(item)
                if len(found) == count:
                    break
        return found
