"""The job of somebody in a step's sandbox: the step's own, with another command."""

import dataclasses
from pathlib import Path

from engine.sandbox.base import Job, Limits
from engine.shell import SHELL, Wish, as_script, shell_job

JOB = Job(  # noqa: S604 - no shell of Python
    command=("/bin/sh", "-eu", "/.script"),
    script=b"echo 1\n",
    variables={"PATH": "/nix/store/x/bin", "TERM": "theirs"},
    closure=Path("/work/closures/c"),
    shell="/nix/store/x/bin/sh",
    inputs=Path("/work/in/1"),
    trees={"data": Path("/work/trees/t")},
    outputs={"o": "o"},
    limits=Limits(memory=100, wall_ms=5),
)
WISH = Wish(SHELL, again=False, variables={"TERM": "xterm", "PS1": "s$ "}, wall_ms=7)


def test_only_the_command_is_another() -> None:
    """Environment, inputs and limits are the step's; its variables count more than ours."""
    job = shell_job(JOB, WISH)
    changed = {field.name for field in dataclasses.fields(Job)}
    changed -= {name for name in changed if getattr(job, name) == getattr(JOB, name)}
    assert changed == {"command", "variables", "limits"}
    assert job.command == SHELL
    assert job.variables == {"PATH": "/nix/store/x/bin", "TERM": "theirs", "PS1": "s$ "}
    assert job.limits == Limits(memory=100, wall_ms=7)


def test_a_command_that_is_a_list_becomes_a_script() -> None:
    """It can be run again by the same words as any other, whatever is in it."""
    job = dataclasses.replace(JOB, command=("python", "/in/a b", "it's"), script=None)
    assert shell_job(job, WISH).script == b"exec python '/in/a b' 'it'\"'\"'s'\n"
    assert as_script(("x",)) == b"exec x\n"


def test_again_runs_the_script_first() -> None:
    """Then what was wished for, with all its arguments."""
    job = shell_job(JOB, dataclasses.replace(WISH, command=("/bin/ls", "-l"), again=True))
    assert job.command[:2] == ("/bin/sh", "-c")
    assert "/bin/sh -eu /.script </dev/null" in job.command[2]
    assert job.command[3:] == ("sh", "/bin/ls", "-l")
