"""Pace: how long steps of a kind take, learned from those that were run. Pure.

>>> pace = Pace()
>>> pace.expect(7, 100); pace.learn(7, 200)
>>> pace.of(7)
120
"""

from typing import Final

_WEIGHT: Final = 0.2  # of the newest time


class Pace:
    """What is known of each kind."""

    def __init__(self) -> None:
        self._usual_ms: dict[int, float] = {}

    def expect(self, kind: int, usual_ms: int) -> None:
        """Hear what it took in earlier runs."""
        self._usual_ms.setdefault(kind, usual_ms)

    def learn(self, kind: int, took_ms: int) -> None:
        """Learn from a step that was run."""
        usual_ms = self._usual_ms.setdefault(kind, took_ms)
        self._usual_ms[kind] = usual_ms + _WEIGHT * (took_ms - usual_ms)

    def of(self, kind: int) -> int | None:
        """Return the usual milliseconds, at least one; None of what was never run."""
        usual_ms = self._usual_ms.get(kind)
        return None if usual_ms is None else max(1, round(usual_ms))
