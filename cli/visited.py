"""Visited: a step that has run, as somebody finds it who looks around in its sandbox."""

import shlex
from collections.abc import Iterator
from typing import Final

from cli.prepare import carriers_of
from cli.refs import find_step
from cli.runview import view
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Refused
from engine.jobs import check_platform
from engine.shell import AGAIN
from engine.staging import Staged
from engine.step import STEP, Step
from engine.summary import StepSummary, failure_of, load_run, load_workflow
from engine.values import dataclass
from engine.workflow.model import WorkflowStep

_SHOWN_SCRIPT: Final = 400  # characters


@dataclass(frozen=True, slots=True)
class Visited:
    """A step whose sandbox is visited."""

    run: str  # what people call it
    one: StepSummary
    ended: str  # in words
    record: Step
    written: WorkflowStep
    carriers: dict[Cid, Cid]  # Closure -> Environment


def find_visited(space: Workspace, run: str, step: str) -> Visited:
    """Return the step that is meant, held from every gc.

    Raises: Refused when there is none, or it was never resolved; Unavailable when this machine
    cannot run it.
    """
    found = view(space, run)
    one, name = find_step(found.steps, step), found.name or str(found.run)
    if one.key is None:
        fix = f"'tally explain {name} {one.id}' says why"
        raise Refused(f"step '{one.id}' was {one.status}: it never had a sandbox", fix=fix)
    space.store.hold([one.key, *([found.run] if found.run else [])])
    record = STEP.decode(space.store.get(one.key))
    check_platform(record)
    written = load_workflow(space.store, found.workflow).steps[one.name]
    carriers = carriers_of(space, load_run(space.store, found.run)) if found.run else {}
    return Visited(name, one, _ended(space, one), record, written, carriers)


def _ended(space: Workspace, one: StepSummary) -> str:
    """Return what became of a step, in words."""
    why = failure_of(space.store, one)
    return f"failed: {why}" if why else one.status


def banner(visited: Visited, was: Staged) -> Iterator[tuple[str, str]]:
    """Yield what is said to whoever enters: a place, and what is there."""
    record, written = visited.record, visited.written
    yield "step", f"{visited.one.id} of {visited.run}, which {visited.ended}"
    for name in (*record.inputs, *record.gathers):
        what = written.inputs.get(name, "an entry of what it scatters over")
        yield f"/in/{name}", what
    for name, path in record.outputs.items():
        yield f"/out/{path}", f"where it makes its output '{name}'"
    if was.folder is not None:
        yield "/was", f"what it gave, by name: {', '.join(visited.one.outputs)}"
    yield "/build", "the current directory; it, /out and /tmp are new, and gone at the end"
    yield "/nix/store", f"the environment '{written.environment}'"
    yield AGAIN, "runs its command again: " + _shortened(record)


def _shortened(record: Step) -> str:
    text = record.script or shlex.join(record.command) or "(see /.script)"
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_SCRIPT else f"{line[:_SHOWN_SCRIPT]}…"
