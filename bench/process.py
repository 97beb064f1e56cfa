"""Process: a command as a whole tree of processes, timed from outside, or watched for its memory.

The two are never done at once: looking at memory takes processor time from what is measured.
"""

import contextlib
import json
import os
import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

_LOOK_S: Final = 0.02
_KIB: Final = 1024
_NOT_PASSED: Final = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")  # who installs sets neither
_ENDING: Final = 2_000  # characters of what a failed command said


class Failed(Exception):
    """A command did not do its work: the measurement means nothing."""


class Spent(NamedTuple):
    """What a piece of work took."""

    seconds: float
    processor: float  # seconds, of all processes that were waited for


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, where it runs, and what it is given besides our own environment."""

    words: Sequence[str | Path]
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def spent(self) -> Spent:
        """Run it to its end; return what that took."""
        used, began = _processor(), time.perf_counter()
        self.output()
        return Spent(time.perf_counter() - began, _processor() - used)

    def output(self) -> str:
        """Run it to its end; return what it wrote to stdout.

        Raises: Failed.
        """
        words = [str(word) for word in self.words]
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout)[-_ENDING:]
            raise Failed(f"{' '.join(words[:4])} … ended with {done.returncode}:\n{said}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED}
        return {**kept, **self.variables}

    def peak(self, told: Path = Path(os.devnull)) -> int:
        """Run it once more; return the most bytes that its whole tree held at one time.

        A page that several processes share is counted once, where the system lets us see that.
        What it writes to stdout goes to `told`.
        """
        with told.open("wb") as stdout:
            process = subprocess.Popen(
                [str(word) for word in self.words],
                cwd=self.folder,
                env=self._environment(),
                stdout=stdout,
                stderr=subprocess.DEVNULL,
            )
        most = 0
        while process.poll() is None:
            most = max(most, held(process.pid))
            time.sleep(_LOOK_S)
        if process.returncode:
            raise Failed(f"{self.words[0]} ended with {process.returncode}")
        return most


class ToldCommand(Command):
    """A program that prints what its work took, as JSON: its start is not part of that."""

    def spent(self) -> Spent:
        """Run it to its end; return what it says."""
        told = json.loads(self.output())
        return Spent(told["seconds"], told["processor"])


def held(process: int) -> int:
    """Return the bytes that a process and all that descend from it hold now."""
    return sum(map(_held, _tree(process)))


def used(process: int) -> float:
    """Return the processor's seconds of a process and all that descend from it and live."""
    seconds = 0.0
    for one in _tree(process):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tree(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    found, new = [root], [root]
    while new:
        new = [child for parent in new for child in _children(parent)]
        found += new
    return found


def _children(parent: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{parent}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def _held(process: int) -> int:
    for file, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{process}/{file}").read_text().splitlines():
                if line.startswith(key):
                    return int(line.split()[1]) * _KIB
    return 0
