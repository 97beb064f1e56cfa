"""Held: leases in a provider's book, until their requester knows of all their steps. Pure.

>>> held = Held()
>>> held.add(1, (step,))                                                # doctest: +SKIP
>>> held.end([step], held.last)                                         # doctest: +SKIP
(1,)
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from engine.content.cid import Cid
from peers.service import MAX_OPEN

HELD: Final = 4 * MAX_OPEN  # steps of leases that are not over: those open, and as many unheard


class Held:
    """Those of one agreement."""

    def __init__(self, leases: Mapping[int, Sequence[Cid]] | None = None, last: int = 0) -> None:
        """Begin with what is in the book; `last` is the highest number that a lease had."""
        self.last = last
        self._left: dict[int, set[Cid]] = {}  # lease -> steps of which nothing was heard
        self._sizes: dict[int, int] = {}  # lease -> steps it has in the book
        self._size = 0
        self._of: dict[Cid, list[int]] = {}  # step -> leases
        for number, steps in (leases or {}).items():
            self.add(number, steps)

    def has_room(self, count: int) -> bool:
        """Return whether a lease of so many steps may be entered."""
        return self._size + count <= HELD

    def add(self, number: int, steps: Sequence[Cid]) -> None:
        """Take a lease; one that is held already changes nothing."""
        if number in self._left:
            return
        self.last = max(self.last, number)
        self._left[number] = set(steps)
        self._sizes[number] = len(steps)
        self._size += len(steps)
        for step in self._left[number]:
            self._of.setdefault(step, []).append(number)

    def end(self, steps: Iterable[Cid], last: int) -> tuple[int, ...]:
        """Take steps as heard of, for the leases up to `last`; return which are over by that."""
        return tuple(over for step in steps for over in self._end(step, last))

    def _end(self, step: Cid, last: int) -> Iterable[int]:
        numbers = self._of.pop(step, [])
        if later := [number for number in numbers if number > last]:
            self._of[step] = later
        for number in numbers:
            if number <= last:
                self._left[number].discard(step)
                if not self._left[number]:
                    del self._left[number]
                    self._size -= self._sizes.pop(number)
                    yield number
