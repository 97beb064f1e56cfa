"""Sandbox: the walls around a step. The protocol alone; bubblewrap.py has the real one.

A Job is a step made concrete on this machine: everything it may see is already staged below one
`work` directory that the sandbox was given when it was opened. The engine never hands a sandbox
anything else of the host.
"""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Final, Literal, Protocol

from engine.values import dataclass

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

# Why a job did not end by itself with all its outputs; "" when it did.
Reason = Literal["", "timeout", "memory", "disk", "cancelled", "refused-output", "missing-output"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a step may use; every one of them is enforced, by whom is in docs/threats.md."""

    memory: int = 4 * GIB  # bytes, all processes and scratch together
    disk: int = 4 * GIB  # bytes of scratch and outputs
    inodes: int = 200_000  # files in scratch and outputs
    wall_ms: int = 24 * 3600 * 1000
    processes: int = 256
    log: int = 16 * MIB  # bytes kept of stdout and of stderr each


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a terminal, in characters."""

    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Job:
    """A step made concrete. Paths on this machine are below the sandbox's `work` directory."""

    command: tuple[str, ...]  # what is executed; with a script: ("/bin/sh", "-eu", "/.script")
    script: bytes | None  # seen read-only at /.script
    variables: Mapping[str, str]  # the whole environment, PATH too
    closure: Path  # the farm seen at /nix/store
    shell: str | None  # what /bin/sh links to, an absolute path in the closure
    inputs: Path | None  # the directory seen at /in
    trees: Mapping[str, Path]  # path below /in (an empty directory there) -> directory bound on it
    outputs: Mapping[str, str]  # name -> path below /out
    limits: Limits
    was: Path | None = None  # the directory seen at /was: what the step gave before
    was_trees: Mapping[str, Path] = field(default_factory=dict)  # as `trees`, below /was
    files: Mapping[str, bytes] = field(default_factory=dict)  # laid over what is seen at a path
    patches: Mapping[str, bytes] = field(default_factory=dict)  # code over functions of the vDSO
    niceness: tuple[int, ...] = ()  # of threads and processes by number, over and over
    serial: bool = False  # what makes a thread or process waits for its end, up to a bound


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended. `exit_code` is 128 + N for signal N."""

    exit_code: int
    reason: Reason
    detail: str  # for a refused or missing output: which path, and why
    wall_ms: int
    processor_ms: int
    peak_memory: int  # bytes
    truncated: bool  # a log went over its limit


class OutputSink(Protocol):
    """Receives the outputs of a job, parents before children, while they are still on scratch.

    `name` is the output, `path` the place inside it ("" for the output itself).
    """

    def directory(self, name: str, path: str) -> None:
        """Take a directory."""
        ...

    def symlink(self, name: str, path: str, target: str) -> None:
        """Take a symlink; it stays inside the output or points into the closure."""
        ...

    def file(self, name: str, path: str, executable: bool, content: bytes | int, size: int) -> None:
        """Take a file: its bytes, or a descriptor of `size` bytes, which the sandbox closes."""
        ...


class LogSink(Protocol):
    """Receives what a job prints, as it prints it."""

    def __call__(self, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        """Take some bytes."""
        ...


class Terminal(Protocol):
    """A person's terminal, which a job gets instead of logs."""

    @property
    def size(self) -> Size:
        """Its size now."""
        ...

    def attach(self, descriptor: int) -> None:
        """Take the far side of the job's terminal; `close` closes it."""
        ...

    def serve(self, until: int) -> None:
        """Carry bytes between the person and the job until the descriptor `until` can be read.

        Raises: Unavailable when the person's terminal is gone.
        """
        ...

    def close(self) -> None:
        """Show the last that the job printed, and let go of it."""
        ...


class Sandbox(Protocol):
    """One slot: runs one job at a time, from one thread."""

    tier: str  # what an attestation says, as "bwrap 0.8.0 seccomp watchdog"

    def run(self, job: Job, logs: LogSink, outputs: OutputSink | None) -> Outcome:
        """Run a job to its end; outputs are given to the sink only when it exited 0.

        With no sink nobody wants them, and none need be there.

        Raises: Unavailable when this machine cannot run it; never runs it unprotected.
        """
        ...

    def renew(self) -> None:
        """Keep nothing of the jobs so far, whatever it is: the next one is somebody else's."""
        ...

    def cancel(self) -> None:
        """End the job that is running, from any thread; `run` then returns "cancelled"."""
        ...

    def close(self) -> None:
        """Give everything back; no process is left."""
        ...
