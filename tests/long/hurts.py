"""Hurts: what is done to a `tally` from inside: killed at a moment, struck by the disk, misled.

Only failure and time are made up; everything else is real.
"""

import ctypes
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

SOURCE: Final = Path(__file__).with_name("failing.c")
# in the order of failing.c: each class of calls, and the ways in which it fails
CLASSES: Final = {
    "open": ("EIO", "EMFILE"),
    "read": ("EIO",),
    "write": ("EIO", "ENOSPC", "short"),
    "sync": ("EIO", "ENOSPC"),
    "name": ("EIO", "ENOSPC"),
    "unlink": ("EIO",),
    "mkdir": ("EIO", "ENOSPC"),
    "truncate": ("EIO", "ENOSPC"),
    "mark": ("EIO",),
    "look": ("EIO",),
    "map": ("ENOMEM",),
    "lock": ("ENOLCK",),
    "new": ("EMFILE",),
}
SHORT: Final = -1


@dataclass(frozen=True)
class Hurts:
    """All that may be done to one command; nothing by default."""

    moment: str = ""  # kill it at this moment of engine/durable.py …
    hit: int = 1  # … when it comes for the n-th time
    below: str = ""  # count the calls that concern this directory …
    call: str = ""  # … and fail the n-th of this class …
    error: str = ""  # … with this
    number: int = 0
    always: bool = False  # and all that come after it
    clock: int | None = None  # the seed of a clock that jumps
    count: bool = False  # tell how often each moment and call came

    def __str__(self) -> str:
        what = [f"killed at {self.moment} ({self.hit})"] if self.moment else []
        if self.call:
            what += [f"{self.call} {self.number}{'+' if self.always else ''} {self.error}"]
        what += [f"clock {self.clock}"] if self.clock is not None else []
        return ", ".join(what) or "unhurt"


UNHURT: Final = Hurts()


@cache
def library() -> Path | None:
    """Return the C library that fails, compiled; None where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    place = Path(tempfile.mkdtemp(prefix="failing."))
    made = place / "failing.so"
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return made


@dataclass
class Listening:
    """What a command that is being hurt has come by so far."""

    hurts: Hurts
    told: Path
    moments: Counter[str]
    calls: ctypes.CDLL | None


def begin(hurts: Hurts, told: Path) -> Listening:
    """Hurt this process from here on; what is to be told goes to a file."""
    listening = Listening(hurts, told, Counter(), None)
    if hurts.moment or hurts.count:
        sys.addaudithook(_hook(listening))
    if hurts.below:
        _strike(listening)
    if hurts.clock is not None:
        _mislead(hurts.clock)
    return listening


def end(listening: Listening) -> None:
    """Tell what there is to tell, at the end of the process."""
    hurts = listening.hurts
    if hurts.count:
        calls = listening.calls
        counts = {name: calls.fault_count(at) for at, name in enumerate(CLASSES)} if calls else {}
        told = {"moments": listening.moments, "calls": counts}
        listening.told.write_text(json.dumps(told))
    elif listening.calls:
        listening.calls.fault_arm(-1, 0, 0, 0, -1)


def _hook(listening: Listening) -> Any:
    from engine.durable import EVENT

    hurts, moments = listening.hurts, listening.moments

    def hear(event: str, args: tuple[Any, ...]) -> None:
        if event != EVENT:
            return
        moments[args[0]] += 1
        if args[0] == hurts.moment and moments[args[0]] == hurts.hit:
            listening.told.write_text(f"{hurts.moment} {hurts.hit}")
            os.kill(os.getpid(), signal.SIGKILL)

    return hear


def _strike(listening: Listening) -> None:
    hurts = listening.hurts
    calls = listening.calls = ctypes.CDLL(None)
    calls.fault_count.restype = ctypes.c_long
    if hurts.call:
        tell = os.open(listening.told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        code = SHORT if hurts.error == "short" else getattr(errno, hurts.error)
        at = list(CLASSES).index(hurts.call)
        calls.fault_arm(at, code, ctypes.c_long(hurts.number), int(hurts.always), tell)
    calls.fault_watch(os.fsencode(hurts.below))


def _mislead(seed: int) -> None:
    """Let the clock of people jump, at every fifth look, to any time within ten years of now."""
    from engine.clock import SystemClock

    chance, right = random.Random(seed), SystemClock.now_ms  # noqa: S311
    jump = [_jump(chance)]

    def now_ms(self: SystemClock) -> int:
        if chance.random() < 0.2:
            jump[0] = _jump(chance)
        return max(0, right(self) + jump[0])

    SystemClock.now_ms = now_ms  # type: ignore[method-assign]


def _jump(chance: random.Random) -> int:
    """Return a jump of 1 s to 10 years, in ms, either way: each size is as likely."""
    return chance.choice((-1, 1)) * int(1000 * 10 ** chance.uniform(0, 8.5))
