"""Probe: what this machine has of what a sandbox needs, by trying it. For `tally doctor`.

Nothing is inferred from version numbers or switches: a sandbox is built and `true` run in it.
"""

import contextlib
import os
import platform
import tempfile
from pathlib import Path
from typing import Final

from engine.errors import TallyError, Unavailable
from engine.sandbox import binary, cgroup, processor, seccomp, syscalls
from engine.sandbox.base import Job, Limits
from engine.sandbox.bubblewrap import Bubblewrap
from engine.values import dataclass

_NOT_FOUND: Final = 127  # what a sandbox that works says of a command that is not there


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `needed` and not `fine`: no step will run here."""

    what: str
    fine: bool
    needed: bool
    detail: str  # what was seen
    fix: str  # what to do when it is not fine


def probe() -> list[Finding]:
    """Look at everything a sandbox needs or can use; takes about 0.1 s."""
    return [
        _processor(),
        _bubblewrap(),
        _seccomp(),
        _openat2(),
        _sandbox(),
        _cgroup(),
    ]


def _processor() -> Finding:
    level = processor.cpu_level()
    return Finding(
        "processor",
        level >= processor.NEEDED,
        True,
        f"x86-64-v{level}" if level else platform.machine(),
        f"a step needs x86-64-v{processor.NEEDED}: use a machine with AVX2 and FMA",
    )


def _bubblewrap() -> Finding:
    try:
        found = binary.find()
    except Unavailable as error:
        return Finding("bubblewrap", False, True, error.where or error.what, error.fix)
    return Finding("bubblewrap", True, True, f"{found.version} at {found.path}", "")


def _seccomp() -> Finding:
    try:
        size = len(seccomp.program()) // 8
    except Unavailable as error:
        return Finding("seccomp", False, True, error.what, error.fix)
    return Finding("seccomp", True, True, f"a filter of {size} instructions", "")


def _openat2() -> Finding:
    root = os.open("/", os.O_PATH | os.O_DIRECTORY)
    try:
        os.close(syscalls.open_beneath(root, ".", os.O_PATH))
    except OSError as error:
        fix = "use Linux 5.6 or newer; in a container, let openat2 through its seccomp profile"
        return Finding("openat2", False, True, str(error), fix)
    finally:
        os.close(root)
    return Finding("openat2", True, True, "outputs can be read without leaving them", "")


def _sandbox() -> Finding:
    """Build a whole sandbox with nothing in it: then only the command is not found."""
    try:
        with tempfile.TemporaryDirectory() as work, _opened(Path(work)) as sandbox:
            outcome = sandbox.run(_nothing(Path(work)), lambda *_: None, None)
    except TallyError as error:
        return Finding("sandbox", False, True, error.what, error.fix)
    built = outcome.exit_code == _NOT_FOUND
    return Finding("sandbox", built, True, sandbox.tier, "see the log of the step above")


def _opened(work: Path) -> contextlib.closing[Bubblewrap]:
    work.chmod(0o755)  # started as root, the executor looks at it as somebody else
    return contextlib.closing(Bubblewrap(work))


def _nothing(work: Path) -> Job:
    return Job(
        command=("/nothing",),
        script=None,
        variables={},
        closure=work,
        shell=None,
        inputs=None,
        trees={},
        outputs={},
        limits=Limits(),
    )


def _cgroup() -> Finding:
    place = cgroup.delegated()
    if place is not None:
        return Finding("cgroup", True, False, f"memory and pids delegated at {place}", "")
    return Finding(
        "cgroup",
        False,
        False,
        "no delegated cgroup v2: memory is watched every 50 ms instead",
        "run tally in a scope of its own: `systemd-run --user --scope -p Delegate=yes tally ...`",
    )
