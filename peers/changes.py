"""Changes: in which order what a peer passes on has changed, so that others read on. Pure.

Who asks says how far it has read; after a restart of this peer, which counts anew, that is void.

>>> changes = Changes(epoch=7)
>>> changes.touch("a"); changes.touch("b"); changes.touch("a")
>>> changes.since(Cursor(7, 1), 10)
Page(items=('b', 'a'), upto=Cursor(epoch=7, position=3), more=False)
"""

from bisect import bisect_right
from collections.abc import Hashable
from itertools import islice
from operator import itemgetter
from typing import Final, Generic, NamedTuple, TypeVar

MAX_COUNT: Final = 2**64 - 1  # of what an epoch and a position are: only ever compared
SPARSE: Final = 4  # as many places as items, before those of none are cleared away

T = TypeVar("T", bound=Hashable)


class Cursor(NamedTuple):
    """How far one peer has read what another one passes on."""

    epoch: int  # drawn when the other one started: after a restart it counts anew
    position: int


class Page(NamedTuple, Generic[T]):
    """What has changed since a cursor, the oldest change first."""

    items: tuple[T, ...]
    upto: Cursor  # where to go on
    more: bool


class Changes(Generic[T]):
    """What is passed on, by when it last changed. A page costs no more when there is much."""

    def __init__(self, epoch: int) -> None:
        """Take a random number that tells this start from the one before."""
        self._epoch = epoch
        self._positions: dict[T, int] = {}
        self._order: list[tuple[int, T]] = []  # rising; some of them are of no item any more
        self._position = 0

    def __contains__(self, item: T) -> bool:
        return item in self._positions

    @property
    def position(self) -> int:
        """How many changes there were."""
        return self._position

    def touch(self, item: T) -> None:
        """Note that something is passed on from now on, or is another now."""
        self._position += 1
        self._positions[item] = self._position
        self._order.append((self._position, item))
        if len(self._order) > SPARSE * len(self._positions) + SPARSE:
            self._order = [one for one in self._order if self._is_last(*one)]

    def drop(self, item: T) -> None:
        """Note that something is passed on no more."""
        self._positions.pop(item, None)

    def since(self, cursor: Cursor, most: int) -> Page[T]:
        """Return the first page of what has changed since a cursor."""
        after = cursor.position if cursor.epoch == self._epoch else 0
        at = bisect_right(self._order, after, key=itemgetter(0))
        changed = (one for one in islice(self._order, at, None) if self._is_last(*one))
        page = tuple(islice(changed, most))
        upto = page[-1][0] if page else after
        more = next(changed, None) is not None
        return Page(tuple(item for _, item in page), Cursor(self._epoch, upto), more)

    def _is_last(self, position: int, item: T) -> bool:
        return self._positions.get(item) == position
