"""LazyRunner: a runner that is made when its first step comes.

A run that reuses everything starts no sandbox, and need not load what sandboxes take.
"""

from collections.abc import Callable

from engine.runner import Order, Report, Runner
from engine.sandbox.base import LogSink


class LazyRunner:
    """A Runner around one that `make` returns, which is called from the thread of the slot."""

    def __init__(self, make: Callable[[], Runner]) -> None:
        self._make = make
        self._runner: Runner | None = None

    def run(self, order: Order, logs: LogSink) -> Report:
        """Run a step to its end.

        Raises: as `make` and the runner do.
        """
        if self._runner is None:
            self._runner = self._make()
        return self._runner.run(order, logs)

    def cancel(self) -> None:
        """End the step that is running; one that is not quite begun does not hear it."""
        if self._runner is not None:
            self._runner.cancel()

    def close(self) -> None:
        """Give everything back."""
        if self._runner is not None:
            self._runner.close()
