"""Changes: in which order what a peer passes on has changed, so that others read on. Pure.

Who asks says how far it has read; after a restart of this peer, which counts anew, that is void.

>>> changes = Changes(epoch=7)
>>> changes.touch("a"); changes.touch("b"); changes.touch("a")
>>> changes.since(Cursor(7, 1), 10)
Page(items=('b', 'a'), upto=Cursor(epoch=7, position=3), more=False)
"""

from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

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
    """What is passed on, by when it last changed."""

    def __init__(self, epoch: int) -> None:
        """Take a random number that tells this start from the one before."""
        self._epoch = epoch
        self._positions: dict[T, int] = {}  # the latest change last
        self._position = 0

    def __contains__(self, item: T) -> bool:
        return item in self._positions

    @property
    def position(self) -> int:
        """How many changes there were."""
        return self._position

    def touch(self, item: T) -> None:
        """Note that something is passed on from now on, or is another now."""
        self._positions.pop(item, None)
        self._position += 1
        self._positions[item] = self._position

    def drop(self, item: T) -> None:
        """Note that something is passed on no more."""
        self._positions.pop(item, None)

    def since(self, cursor: Cursor, most: int) -> Page[T]:
        """Return the first page of what has changed since a cursor."""
        after = cursor.position if cursor.epoch == self._epoch else 0
        changed = []
        for item, position in reversed(self._positions.items()):
            if position <= after:
                break
            changed.append(item)
        page = tuple(changed[-most:][::-1])
        upto = self._positions[page[-1]] if page else after
        return Page(page, Cursor(self._epoch, upto), more=len(changed) > len(page))
