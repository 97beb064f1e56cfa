"""Varied: a Sandbox that runs jobs under the conditions of one experiment."""

from collections.abc import Callable
from typing import Final

from engine.clock import Clock
from engine.determinism.clockcode import patches
from engine.determinism.conditions import Conditions
from engine.determinism.facts import Facts
from engine.determinism.overlay import calls_denied, files, niceness, variables
from engine.determinism.standing import standing
from engine.sandbox.base import Job, LogSink, Outcome, OutputSink, Sandbox
from engine.values import dataclass, replace

Open = Callable[[frozenset[str]], Sandbox]  # given the system calls that steps find missing

_S: Final = 1000  # milliseconds


@dataclass(frozen=True, slots=True)
class Means:
    """What experiments are made with."""

    shim: bytes
    open: Open
    clock: Clock
    sleep: Callable[[float], None]  # seconds


class Varied:
    """A Sandbox for one job. For one thread, but for `cancel`."""

    def __init__(self, means: Means, conditions: Conditions, facts: Facts) -> None:
        """Open the sandbox around it.

        Raises: as what opens sandboxes; OSError when the machine does not let conditions be held.
        """
        self._means = means
        self._conditions = conditions
        self._facts = facts
        with standing(conditions):
            self._sandbox = means.open(calls_denied(conditions))
        self.tier = f"{self._sandbox.tier} varied"

    def run(self, job: Job, logs: LogSink, outputs: OutputSink | None) -> Outcome:
        """Run a job to its end; as every Sandbox does."""
        now_s = self._means.clock.now_ms() // _S
        laid = files(self._means.shim, self._conditions, self._facts, now_s)
        changed = {**job.variables, **variables(self._conditions, self._facts)}
        varied = replace(
            job,
            files=laid,
            variables=changed,
            patches=patches(self._conditions),
            niceness=niceness(self._conditions),
            serial=self._conditions.schedule == "held",
        )
        return self._sandbox.run(varied, logs, outputs)

    def renew(self) -> None:
        """Keep nothing of the jobs so far."""
        self._sandbox.renew()

    def cancel(self) -> None:
        """End the job that is running, from any thread."""
        self._sandbox.cancel()

    def close(self) -> None:
        """Give everything back."""
        self._sandbox.close()
