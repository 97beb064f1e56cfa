"""Gathering the facts of a run from a home: the edge of the page."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cli.page.facts import Facts, Head, Instance, Locked
from cli.page.finding import find_out
from cli.page.listing import fold
from cli.page.logs import tails
from cli.page.results import SUCCEEDED, final, read_record, with_outputs
from cli.page.signatures import attested
from cli.runview import find_run
from cli.workspace import Workspace
from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.errors import Damaged
from engine.nix.records import CLOSURE, Closure
from engine.rows import RunRow, StepRow
from engine.run import Run, RunStep
from engine.step import RESULT, STEP, Step
from engine.summary import load_run, load_workflow, run_steps
from engine.workflow.lock import LOCK, Lock
from engine.workflow.model import Workflow

if TYPE_CHECKING:
    from peers.run_receipts import Bill

MAX_READ: Final = 50_000  # instances of which all is read: a stranger's run may have millions
MAX_ATTESTATIONS: Final = 2  # of an instance: the record alone, and signed

_Steps = Sequence[tuple[RunStep, str]]  # each with why it failed, as far as this home knows


def gather(space: Workspace, text: str, bill: "Bill | None" = None) -> Facts:
    """Return the facts of the run that `text` names; `bill`: what the receipts of its bundle say.

    Raises: Refused when there is none; Unavailable when its records are not here; Damaged when
    they are malformed or do not belong together.
    """
    found = find_run(space, text)
    if isinstance(found, Cid):
        return _ended(space, found, None, bill)
    if found.run is not None:
        return _ended(space, found.run, found, bill)
    workflow = load_workflow(space.store, found.workflow)
    steps = _of_rows(space.journal.steps(found.id), workflow)
    facts = _facts(space.store, _head_of_row(found), workflow, None, steps)
    return replace(
        facts, findings=find_out(space, None, found.name, [one for one, _ in steps], bill)
    )


def _ended(space: Workspace, cid: Cid, row: RunRow | None, bill: "Bill | None") -> Facts:
    run = load_run(space.store, cid)
    own = row if row is not None and not row.imported else None
    notes = {(one.step, one.index): one.note for one in space.journal.steps(own.id)} if own else {}
    head = _head_of_run(row.name if row else "", cid, run, own)
    workflow = load_workflow(space.store, run.workflow)
    lock = LOCK.decode(space.store.get(run.lock))
    steps = [
        (step, notes.get((step.name, step.index or 0), "")) for step in run_steps(space.store, run)
    ]
    facts = _facts(space.store, head, workflow, lock, steps)
    name = own.name if own else ""
    return replace(facts, findings=find_out(space, cid, name, [one for one, _ in steps], bill))


def _facts(
    store: BlockStore,
    head: Head,
    workflow: Workflow,
    lock: Lock | None,
    steps: _Steps,
) -> Facts:
    instances = tuple(
        _instance(store, step, note) if at < MAX_READ else _unread(step)
        for at, (step, note) in enumerate(steps)
    )
    listed, folded = fold(instances)
    return Facts(
        head=head,
        workflow=workflow,
        inputs=lock.inputs if lock else {},
        environments=tuple(_environments(store, lock)) if lock else (),
        instances=instances,
        unread=max(0, len(instances) - MAX_READ),
        listed=tuple(with_outputs(store, one) for one in listed),
        folded=folded,
        outputs=final(store, workflow, instances),
        sample=_sample(store, instances),
        tails=tuple(tails(store, instances)),
    )


def _head_of_row(row: RunRow) -> Head:
    return Head(
        row.name, None, row.status, False, row.created_ms, None, row.workflow, None, row.parameters
    )


def _head_of_run(name: str, cid: Cid, run: Run, own: RunRow | None) -> Head:
    return Head(
        name=name,
        run=cid,
        status=run.status,
        imported=own is None,
        began_ms=own.created_ms if own else None,
        ended_ms=own.finished_ms if own else None,
        workflow=run.workflow,
        lock=run.lock,
        parameters=run.parameters,
    )


def _of_rows(rows: Sequence[StepRow], workflow: Workflow) -> _Steps:
    return [(_of_row(row, workflow), row.note) for row in rows]


def _of_row(row: StepRow, workflow: Workflow) -> RunStep:
    proof = tuple(cid for cid in (row.attestation, row.signed) if cid is not None)
    index = row.index if workflow.steps[row.step].scatter else None
    return RunStep(row.step, index, row.status, row.key, row.result, proof)


def _instance(store: BlockStore, step: RunStep, note: str) -> Instance:
    result = read_record(store, RESULT, step.result) if step.status == "failed" else None
    said, signer = attested(store, step.attestations[:MAX_ATTESTATIONS])
    if said is not None and said.result != step.result:
        raise Damaged(f"what is attested of '{step.id}' is of another result")
    return Instance(
        step.name,
        step.index,
        step.status,
        step.step,
        step.result,
        result.exit_code if result else 0 if step.status in SUCCEEDED else None,
        {},
        said,
        signer,
        note,
    )


def _unread(step: RunStep) -> Instance:
    return Instance(
        step.name, step.index, step.status, step.step, step.result, None, {}, None, "", ""
    )


def _environments(store: BlockStore, lock: Lock) -> Iterator[Locked]:
    closures: dict[Cid, Closure | None] = {}
    for name, systems in lock.environments.items():
        for system, locked in systems.items():
            if locked.closure not in closures:
                closures[locked.closure] = read_record(store, CLOSURE, locked.closure)
            yield Locked(name, system, locked, closures[locked.closure])


def _sample(store: BlockStore, instances: Sequence[Instance]) -> Step | None:
    """Return the record of the first step that has one here."""
    keys = (one.key for one in instances[:MAX_READ] if one.key is not None)
    return next((step for key in keys if (step := read_record(store, STEP, key))), None)
