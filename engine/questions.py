"""Questions: spans whose keys are to be asked for, and how much is asked and not answered. Pure.

>>> questions = Questions()
>>> questions.add((0, WINDOW + 5)); questions.next(0), questions.next(0)
((0, 1000), None)
>>> questions.answered(10); questions.next(3)
(1000, 5)
"""

from heapq import heappop, heappush
from typing import Final

from engine.ranks import Span

WINDOW: Final = 1_000  # instances with a key that have not started: bounds the caller's memory


class Questions:
    """A queue of spans in the order of their ranks, asked for as far as there is room."""

    def __init__(self) -> None:
        self._spans: list[Span] = []  # heap
        self._asked = 0

    @property
    def open(self) -> bool:
        """Whether anything was asked and not answered."""
        return bool(self._asked)

    def add(self, span: Span) -> None:
        """Let a span be asked for."""
        heappush(self._spans, span)

    def next(self, queued: int) -> Span | None:
        """Take what is to be asked now, while so many instances have a key and wait to start."""
        room = WINDOW - self._asked - queued
        if not self._spans or room <= 0:
            return None
        rank, size = heappop(self._spans)
        if size > room:
            heappush(self._spans, (rank + room, size - room))
            size = room
        self.asked(size)
        return rank, size

    def asked(self, count: int) -> None:
        """Count what was asked."""
        self._asked += count

    def answered(self, count: int = 1) -> None:
        """Count what was answered."""
        self._asked -= count
