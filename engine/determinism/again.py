"""VariedRunner: runs steps under other conditions than usual, as their contract lets them vary.

What a peer gave is held against two runs of this machine: by the second, a step that is not
deterministic is told apart from a lie.
"""

from engine.determinism.conditions import SECOND
from engine.determinism.laboratory import PAUSE_S, Static, facts_of
from engine.determinism.varied import Means, Varied
from engine.host import Host
from engine.localrunner import LocalRunner
from engine.runner import Order, Report
from engine.sandbox.base import LogSink


class VariedRunner:
    """A Runner whose steps see another machine each time that they may. For one thread."""

    def __init__(self, host: Host, means: Means, static: Static) -> None:
        """Take what steps are run with; `static` gives the static programs of a closure."""
        self._host = host
        self._means = means
        self._static = static
        self._runner: LocalRunner | None = None

    def run(self, order: Order, logs: LogSink) -> Report:
        """Run a step to its end, a second later than could be told from the run before.

        Raises: as a LocalRunner does.
        """
        facts = facts_of(self._host, self._static, order.step)
        self._means.sleep(PAUSE_S)
        runner = LocalRunner(self._host, Varied(self._means, SECOND, facts))
        self._runner = runner
        try:
            return runner.run(order, logs)
        finally:
            self._runner = None
            runner.close()

    def cancel(self) -> None:
        """End the step that is running, from any thread; one that is not begun does not hear it."""
        if (runner := self._runner) is not None:
            runner.cancel()

    def close(self) -> None:
        """Give everything back: there is nothing between two steps."""
