"""Agenda: what will happen, by virtual time; of two things at one moment, the one planned first."""

from collections.abc import Callable
from heapq import heappop, heappush

Happens = Callable[[], None]


class Agenda:
    """The clock of a world: it stands still while anything happens."""

    def __init__(self) -> None:
        self.now_ms = 0
        self._planned: list[tuple[int, int, Happens]] = []
        self._count = 0

    def after(self, delay_ms: int, happens: Happens) -> None:
        """Have something happen later."""
        self._count += 1
        heappush(self._planned, (self.now_ms + delay_ms, self._count, happens))

    def run(self, until_ms: int, is_over: Callable[[], bool] = lambda: False) -> None:
        """Let everything happen until a time, or until it is over."""
        while self._planned and self._planned[0][0] <= until_ms and not is_over():
            self.now_ms, _, happens = heappop(self._planned)
            happens()
        if not is_over():
            self.now_ms = max(self.now_ms, until_ms)
