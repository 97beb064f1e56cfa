"""Ranks: an instance as one int, and neighbours as spans of them. Pure.

The number of its group, then its index: ranks sort in the order in which steps are preferred.
"""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

Span: TypeAlias = tuple[int, int]  # the rank of the first, and how many follow one another

INDEX_BITS: Final = 32
INDEX_MASK: Final = (1 << INDEX_BITS) - 1


def rank_of(number: int, index: int) -> int:
    """Return the rank of an instance of a group."""
    return number << INDEX_BITS | index


def split(rank: int) -> tuple[int, int]:
    """Return the group's number and the index of a rank."""
    return rank >> INDEX_BITS, rank & INDEX_MASK


def runs(indexes: Sequence[int]) -> Iterator[range]:
    """Yield ascending indexes as the longest ranges that they are made of.

    >>> list(runs((0, 1, 2, 5)))
    [range(0, 3), range(5, 6)]
    """
    if isinstance(indexes, range):
        yield indexes
        return
    start = 0
    for at in range(1, len(indexes) + 1):
        if at == len(indexes) or indexes[at] != indexes[at - 1] + 1:
            yield range(indexes[start], indexes[at - 1] + 1)
            start = at
