"""Crew: who runs the steps of a run: the slots of this machine, other peers, or both.

The protocol alone; slots.py has the one with a thread for each step.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

from engine.rows import Name
from engine.runner import Order, Report
from engine.sandbox.base import LogSink


class Crew(Protocol):
    """Runs steps that are started, as many at once as it can; the others wait in it.

    Whoever opened it closes it.
    """

    @property
    def has_idle(self) -> bool:
        """Whether a step that is started now would begin at once."""
        ...

    def start(
        self,
        name: Name,
        order: Order,
        logs: LogSink,
        done: Callable[["Future[Report]"], None],
        begun: Callable[[], None] = ...,
    ) -> None:
        """Run a step; `begun`, `logs` and `done` are called from other threads, and do not wait.

        `done` with the report or what was raised: CancelledError of one that did not begin, as it
        was cancelled or another failed before.
        """
        ...

    def cancel(self, name: Name) -> None:
        """End a step; to be repeated until it has ended."""
        ...
