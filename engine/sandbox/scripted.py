"""Scripted: a Sandbox without walls or processes, for tests of what uses one.

It plays what it was told: for each job an Act, chosen by a function of the job.

>>> sandbox = Scripted(lambda job: Act(files={"metrics": b"{}"}))
>>> sandbox.run(job, logs, outputs).exit_code
0
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import field

from engine.sandbox.base import Job, LogSink, Outcome, OutputSink
from engine.values import dataclass

WELL = Outcome(
    exit_code=0,
    reason="",
    detail="",
    wall_ms=5,
    processor_ms=3,
    peak_memory=1_000_000,
    truncated=False,
)


@dataclass(frozen=True, slots=True)
class Act:
    """What a job is to do.

    `files` maps "output" or "output/path" to contents; directories are made as needed.
    """

    outcome: Outcome = WELL
    files: Mapping[str, bytes] = field(default_factory=dict)
    executable: frozenset[str] = frozenset()
    symlinks: Mapping[str, str] = field(default_factory=dict)
    stdout: bytes = b""
    stderr: bytes = b""
    until_cancelled: bool = False  # goes on until somebody cancels it


class Scripted:
    """One slot that plays Acts and remembers the jobs it was given."""

    tier = "scripted"

    def __init__(self, script: Callable[[Job], Act]) -> None:
        self._script = script
        self._cancelled = threading.Event()
        self.jobs: list[Job] = []
        self.closed = False
        self.renewed = 0

    def run(self, job: Job, logs: LogSink, outputs: OutputSink | None) -> Outcome:
        """Play the act of this job.

        Raises: whatever the script or a sink raises.
        """
        self.jobs.append(job)
        self._cancelled.clear()
        act = self._script(job)
        for stream, data in (("stdout", act.stdout), ("stderr", act.stderr)):
            if data:
                logs("stdout" if stream == "stdout" else "stderr", data)
        if act.until_cancelled:
            self._cancelled.wait()
            return Outcome(137, "cancelled", "", 5, 3, 1_000_000, False)
        if outputs is not None and act.outcome.exit_code == 0 and not act.outcome.reason:
            _deliver(act, outputs)
        return act.outcome

    def renew(self) -> None:
        """Count that another owner follows."""
        self.renewed += 1

    def cancel(self) -> None:
        """End an act that goes on until it is cancelled."""
        self._cancelled.set()

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


def _deliver(act: Act, outputs: OutputSink) -> None:
    """Give the sink everything, parents before children, as the real one does."""
    made: set[tuple[str, str]] = set()
    for place in sorted({*act.files, *act.symlinks}):
        name, _, path = place.partition("/")
        parts = path.split("/") if path else []
        for depth in range(len(parts)):
            directory = (name, "/".join(parts[:depth]))
            if directory not in made:
                made.add(directory)
                outputs.directory(*directory)
        if place in act.symlinks:
            outputs.symlink(name, path, act.symlinks[place])
        else:
            content = act.files[place]
            outputs.file(name, path, place in act.executable, content, len(content))
