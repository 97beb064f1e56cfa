"""Remaining: about how long a run will still take, from how long its steps took before."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cli.crews import capacity_of
from cli.prepare import Prepared
from cli.settings import Settings
from cli.workspace import Workspace
from engine.admission import Capacity
from engine.estimate import Usual, shared, usual
from engine.progress import Counted, Ended, Progress, Reused, Started
from engine.rows import WHOLE
from engine.workflow.graph import Group

MAX_STEPS: Final = 1_000  # of a workflow: they are gone through each time the screen is drawn


def learned(space: Workspace, settings: Settings, prepared: Prepared) -> "Remaining":
    """Return what tells how long a run will still take, from the earlier runs of this home."""
    known = usual(space.journal.durations(prepared.workflow.name))
    return Remaining(prepared.groups, capacity_of(settings), known)


class Remaining:
    """What is left of a run. It knows nothing until something runs, so that reuse costs no hope."""

    def __init__(
        self,
        groups: Sequence[Group],
        capacity: Capacity,
        known: Mapping[str, Usual],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the steps, and how long each usually takes; `clock` counts seconds."""
        self._groups = groups
        self._capacity = capacity
        self._known = known
        self._clock = clock
        self._left = {group.step: 0 if group.skipped else group.count for group in groups}
        self._began: dict[tuple[str, int], float] = {}  # of what runs

    def take(self, event: Progress) -> None:
        """Count an event in."""
        if isinstance(event, Counted):
            self._left[event.step] = event.count
        elif isinstance(event, Started):
            self._began[event.step, event.index] = self._clock()
        elif isinstance(event, Reused):
            self._take_off(event.step, len(event.indexes))
        elif isinstance(event, Ended):
            self._began.pop((event.step, event.index), None)
            if event.index == WHOLE:
                self._left[event.step] = 0
            else:
                self._take_off(event.step, 1)

    def left_ms(self) -> int | None:
        """Return about how long it will still take; None while that cannot be told."""
        left = {step: count for step, count in self._left.items() if count is not None}
        if not self._began or len(left) < len(self._left) or len(left) > MAX_STEPS:
            return None
        if any(count and step not in self._known for step, count in left.items()):
            return None
        now = self._clock()
        done = [
            min(self._known[step].wall_ms, int((now - began) * 1000))
            for (step, _), began in self._began.items()
        ]
        return max(
            0, shared(self._groups, self._capacity, left, self._known) - sum(done) // len(done)
        )

    def _take_off(self, step: str, count: int) -> None:
        left = self._left[step]
        if left is not None:
            self._left[step] = max(0, left - count)
