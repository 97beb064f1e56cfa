"""A bench to run jobs on: a work directory with one environment, and sinks that keep all."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from engine.sandbox.base import Job, Limits, Outcome, Sandbox

MIB = 1024 * 1024


@dataclass
class Kept:
    """A sink and a log that keep everything in memory."""

    entries: dict[str, object] = field(default_factory=dict)
    executable: set[str] = field(default_factory=set)
    stdout: bytes = b""
    stderr: bytes = b""

    def directory(self, name: str, path: str) -> None:
        """Keep a directory as an empty tuple."""
        self.entries[f"{name}/{path}".rstrip("/")] = ()

    def symlink(self, name: str, path: str, target: str) -> None:
        """Keep a symlink as its target."""
        self.entries[f"{name}/{path}".rstrip("/")] = target

    def file(self, name: str, path: str, executable: bool, content: bytes | int, size: int) -> None:
        """Keep a file as its bytes."""
        place = f"{name}/{path}".rstrip("/")
        if isinstance(content, int):
            content = os.pread(content, size, 0)
        self.entries[place] = content
        if executable:
            self.executable.add(place)

    def log(self, stream: str, data: bytes) -> None:
        """Keep a piece of a log."""
        if stream == "stdout":
            self.stdout += data
        else:
            self.stderr += data


@dataclass(frozen=True)
class Bench:
    """A work directory with one environment staged in it."""

    work: Path
    environment: str  # the store path whose bin directory is PATH

    @property
    def closure(self) -> Path:
        """The farm seen at /nix/store."""
        return self.work / "closures" / "python"

    def job(self, *command: str, **changes: object) -> Job:
        """Make a job of a command, or of a `script`."""
        script = changes.pop("script", None)
        variables = {"PATH": f"{self.environment}/bin", "HOME": "/build"}
        values: dict[str, object] = {
            "command": command or ("/bin/sh", "-eu", "/.script"),
            "script": script.encode() if isinstance(script, str) else None,
            "variables": variables | dict(changes.pop("variables", {})),  # type: ignore[call-overload]
            "closure": self.closure,
            "shell": f"{self.environment}/bin/sh",
            "inputs": None,
            "trees": {},
            "outputs": {},
            "limits": Limits(),
        }
        return Job(**(values | changes))  # type: ignore[arg-type]


def run(slot: Sandbox, job: Job, kept: Kept) -> Outcome:
    """Run a job with one object as both sinks."""
    return slot.run(job, kept.log, kept)
