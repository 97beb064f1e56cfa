"""How one run is printed: the JSON shape that scripts rely on, and the table for people."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from cli.names import is_run, is_run_here, whole_cid
from cli.partial import steps_of, thin_at
from cli.report import emit_json, note
from cli.runtext import RunText, emit_text, fold
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Refused
from engine.evidence import signers
from engine.journal import LATEST
from engine.products import Products
from engine.rows import RunRow, StepRow
from engine.sides import Side
from engine.summary import (
    Output,
    StepSummary,
    final_outputs,
    load_run,
    load_workflow,
    of_rows,
)
from engine.values import dataclass
from engine.workflow.lock import LOCK

if TYPE_CHECKING:
    from engine.checks import Judged
    from peers.run_cost import RunCost


@dataclass(frozen=True, slots=True)
class RunView:
    """All that is printed of a run."""

    run: Cid | None  # None while it has not ended
    name: str
    status: str
    workflow: Cid
    title: str
    parameters: dict[str, str]
    steps: Sequence[StepSummary]
    outputs: dict[str, Output]
    signers: dict[Cid, bytes]  # of what is attested: whose word it is, where somebody signed
    cost: "RunCost | None" = None  # None: nothing was paid for it
    checks: "tuple[Judged, ...]" = ()  # of an Open Resource, when it has just been run
    here: frozenset[str] | None = None  # the steps that there is more of than a line; None: all


def view(space: Workspace, text: str) -> RunView:
    """Return the run that `text` names: by name, id or CID; one that was imported has no name.

    Raises: Refused when there is none.
    """
    found = find_run(space, text)
    return _of_record(space, found, "") if isinstance(found, Cid) else view_row(space, found)


def is_known(space: Workspace, text: str) -> bool:
    """Return whether a word is the whole name, id or CID of a run that is here, or LATEST."""
    cid = whole_cid(text)
    if cid is not None:
        return is_run_here(space, cid)
    called = {name for row in space.journal.runs() for name in (row.name, row.id)}
    return text == LATEST or text in called


def find_run(space: Workspace, text: str) -> RunRow | Cid:
    """Return a run as this home's journal has it, or the CID of one that it does not know.

    Raises: Refused when there is none.
    """
    cid = whole_cid(text)
    if cid is not None and (thin := thin_at(space, cid)) is not None:
        return thin.whole
    if cid is not None and is_run(space, cid):
        known = [row for row in space.journal.runs() if row.run == cid]
        return known[0] if known else cid
    return find_row(space, text)


def find_row(space: Workspace, text: str) -> RunRow:
    """Return a run that this home's journal knows.

    Raises: Refused when there is none, with the Open Resource that may be meant.
    """
    try:
        return space.journal.find(text)
    except Refused as refused:
        from cli.nearby import instead_of_run  # only who errs waits for that

        raise instead_of_run(space, text, refused) from None


def view_row(space: Workspace, row: RunRow) -> RunView:
    """Return a run that this home's journal knows."""
    rows = space.journal.steps(row.id)
    if row.run is not None and not rows:  # imported, or of no steps
        return _of_record(space, row.run, row.name)
    return view_steps(space, row, rows, Products())


def view_steps(
    space: Workspace, row: RunRow, rows: Sequence[StepRow], products: Products
) -> RunView:
    """Return a run of which the steps, and some of what they gave, are at hand."""
    workflow = load_workflow(space.store, row.workflow)
    steps = of_rows(space.store, rows, workflow, products.of)
    outputs = final_outputs(space.store.get, workflow.outputs, steps)
    about = (row.run, row.name, row.status, row.workflow, row.title, row.parameters)
    return RunView(*about, steps, outputs, _signers(space, steps))


def _of_record(space: Workspace, cid: Cid, name: str) -> RunView:
    run = load_run(space.store, cid)
    workflow = load_workflow(space.store, run.workflow)
    steps, here = steps_of(space, cid)
    outputs = final_outputs(space.store.get, workflow.outputs, steps) if here is None else {}
    about = (cid, name, run.status, run.workflow, workflow.name, run.parameters)
    return RunView(*about, steps, outputs, _signers(space, steps), here=here)


def _signers(space: Workspace, steps: Sequence[StepSummary]) -> dict[Cid, bytes]:
    """Return who signed what is attested of steps: the last of several, as the first is bare."""
    signed = [step.attestations[-1] for step in steps if len(step.attestations) > 1]
    return signers(space.store, signed) if signed else {}


def side(space: Workspace, found: RunView) -> Side:
    """Return a run as one of two that are compared.

    Raises: Unavailable when a record of it is not here; Damaged when one is malformed.
    """
    run = load_run(space.store, found.run) if found.run else None
    lock = LOCK.decode(space.store.get(run.lock)) if run else None
    workflow = load_workflow(space.store, found.workflow)
    steps = {step.id: step for step in found.steps}
    return Side(found.name or str(found.run), workflow, found.parameters, steps, lock)


def emit_run(found: RunView, *, as_json: bool) -> None:
    """Print a run."""
    if as_json:
        return emit_json(_as_json(found))
    lines = tuple(fold(found.steps))
    emit_text(RunText(found.name, found.status, found.run, lines, found.outputs))
    if found.here is not None:
        count = f"{len(found.here)} of its {len(found.steps)} steps"
        note(f"{count} are here, as they came in a sample: {', '.join(sorted(found.here)[:9])}")
    if found.cost is not None:
        from cli.paid import in_words

        note(in_words(found.cost))
    if found.checks:
        from cli.checked import tell_checks

        tell_checks(found.checks)
    return None


def _as_json(found: RunView) -> dict[str, object]:
    text = cache(str)  # most addresses are printed twice, and each takes microseconds to spell
    return {
        "run": found.run and text(found.run),
        "name": found.name,
        "status": found.status,
        "workflow": text(found.workflow),
        "title": found.title,
        "params": found.parameters,
        "steps": [_step_json(step, text, found.signers) for step in found.steps],
        "outputs": {name: _plain(cid, text) for name, cid in found.outputs.items()},
        "cost": _cost_json(found.cost),
        "checks": _checks_json(found.checks),
        "here": None if found.here is None else sorted(found.here),
    }


def _checks_json(judged: "tuple[Judged, ...]") -> list[dict[str, object]]:
    if not judged:
        return []
    from cli.checked import checks_json

    return checks_json(judged)


def _cost_json(cost: "RunCost | None") -> dict[str, object] | None:
    if cost is None:
        return None
    from cli.paid import as_json

    return as_json(cost)


def _step_json(
    step: StepSummary, text: Callable[[Cid], str], signers: Mapping[Cid, bytes]
) -> dict[str, object]:
    return {
        "id": step.id,
        "step": step.key and text(step.key),
        "status": step.status,
        "peer": _peer(step, signers),
        "seconds": step.wall_ms / 1000,
        "outputs": {name: text(cid) for name, cid in step.outputs.items()},
    }


def _peer(step: StepSummary, signers: Mapping[Cid, bytes]) -> str | None:
    """Return who ran a step in this run; None for this machine."""
    key = signers.get(step.attestations[-1]) if step.attestations else None
    if key is None or step.status not in {"ran", "failed"}:
        return None
    from peers.identity import PeerId

    return str(PeerId(key))


def _plain(output: Output, text: Callable[[Cid], str]) -> object:
    if isinstance(output, tuple):
        return [text(cid) for cid in output]
    return output and text(output)
