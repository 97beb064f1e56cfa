"""Shell: the job of somebody who looks around in a step's sandbox. Pure.

It is the step's own job with another command: the same walls, environment, inputs and limits. The
step's command lies in a file, so that it can be run again by hand.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from engine.sandbox.base import Job
from engine.values import dataclass

AGAIN: Final = "sh -eu /.script"  # what runs the step's command again, typed in a shell
SHELL: Final = ("/bin/sh", "-i")
UNLIMITED_MS: Final = 10 * 365 * 24 * 3600 * 1000  # what "no time limit" is: ten years

# Ctrl-C ends what the step does and not the shell that comes after it.
_FIRST: Final = """\
trap : INT
/bin/sh -eu /.script </dev/null
code=$?
trap - INT
echo "the step's command has ended with exit code $code"
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a step's sandbox."""

    command: tuple[str, ...]  # a program's place in it and its arguments; SHELL
    again: bool  # the step's own command is run first
    variables: Mapping[str, str]  # beside the step's, which count more
    wall_ms: int


def shell_job(job: Job, wish: Wish) -> Job:
    """Return the job of a step, as somebody wants it."""
    command = ("/bin/sh", "-c", _FIRST, "sh", *wish.command) if wish.again else wish.command
    return replace(
        job,
        command=command,
        script=job.script if job.script is not None else as_script(job.command),
        variables={**wish.variables, **job.variables},
        limits=replace(job.limits, wall_ms=wish.wall_ms),
    )


def as_script(command: Sequence[str]) -> bytes:
    """Return a command as the text of a script."""
    return f"exec {shlex.join(command)}\n".encode()
