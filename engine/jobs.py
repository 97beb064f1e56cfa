"""Jobs: a step as it is run on this machine, where its platform and its contract are those here."""

from typing import Final

from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.content.reader import read
from engine.errors import Damaged, Unavailable
from engine.host import Host
from engine.sandbox.base import Job, Limits
from engine.staging import Staged
from engine.step import CONTRACT, REQUIRES, SYSTEM, Platform, Step

MAX_SCRIPT: Final = 64 * 1024 * 1024  # bytes: the paths of a million gathered items take half

SHELL: Final = ("/bin/sh", "-eu", "/.script")  # what executes a script


def job_of(host: Host, step: Step, staged: Staged, limits: Limits) -> Job:
    """Return a step as it is run on this machine.

    Raises: Unavailable when its environment is not here; Damaged when that, or its script, is not
    what it is named.
    """
    placed = host.closures.place(step.closure)
    script = script_of(host.store, step)
    return Job(
        command=step.command if script is None else SHELL,
        script=script,
        variables=step.variables,
        closure=placed.farm,
        shell=placed.shell,
        inputs=staged.folder,
        trees=staged.trees,
        outputs=step.outputs,
        limits=limits,
    )


def script_of(store: BlockStore, step: Step) -> bytes | None:
    """Return the text that the shell of a step is given; None when its command is a list.

    Raises: Unavailable when it is not here; Damaged when it is longer than any workflow's.
    """
    if step.script_link is not None:
        return _linked(store, step.script_link)
    return step.script.encode() if step.script else None


def check_platform(step: Step) -> None:
    """Look whether this machine and this version can run a step as it was meant.

    Raises: Unavailable when they cannot.
    """
    if step.contract > CONTRACT:
        fix = "install a newer Tallystick"
        raise Unavailable(f"this step is of contract {step.contract}, newer than this", fix=fix)
    if step.platform != Platform(REQUIRES, SYSTEM):
        what = f"this step is for {step.platform.system} ({step.platform.requires})"
        raise Unavailable(
            f"{what}, and this is {SYSTEM} ({REQUIRES})", fix="run it on such a machine"
        )


def _linked(store: BlockStore, link: Cid) -> bytes:
    """Return a script that is a file.

    Raises: Damaged when it is longer than any that a workflow gives.
    """
    data = b"".join(read(store.get, link, length=MAX_SCRIPT + 1))
    if len(data) > MAX_SCRIPT:
        raise Damaged(f"a script of over {MAX_SCRIPT} bytes", where=str(link))
    return data
