"""Recorded steps run again: each on its recorded inputs, or all of them as a chain."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from cli.comparators import choosing, compare_all, comparing_in, using
from cli.crews import Known, open_crew
from cli.execute import begin, execute
from cli.interrupt import interruptible
from cli.lockfile import environments
from cli.named import find_workflow
from cli.prepare import How, Where, carriers_of, prepare
from cli.progress import watching
from cli.report import note
from cli.runview import view_row
from cli.settings import Settings
from cli.steptree import Steps
from cli.workspace import Workspace
from engine import belonging
from engine.content.cid import Cid
from engine.errors import StepFailed
from engine.evidence import evidence
from engine.opinion import Asked, Opinion, called_of
from engine.rerun import Recorded, Rerun
from engine.rows import Name
from engine.run import Run
from engine.sourced import Sourced
from engine.step import RESULT, Result
from engine.summary import (
    Output,
    StepSummary,
    final_outputs,
    load_run,
    load_workflow,
    of_record,
    run_steps,
)
from engine.verdict import Executor, StepVerdict, judge, to_compare
from engine.workflow.graph import groups
from engine.workflow.lock import LOCK
from engine.workflow.parameters import bind
from engine.workflow.resolve import Resolver


def bring(space: Workspace, within: Cid, run: Run, steps: Sequence[Recorded]) -> None:
    """Have here what steps of a run are run again on, if anybody can be asked.

    `within`: the public root that it is a part of: the run itself, or an Open Resource.

    Raises: NotHere when nobody gives it; Damaged when it is wrong.
    """
    if not space.sources:
        return
    making = environments(space, Path(), offline=True, within=within)
    carriers = carriers_of(space, run)
    for closure in dict.fromkeys(step.order.step.closure for step in steps):
        if closure in carriers:
            making.open(carriers[closure])
    space.sources.have((step.order.key for step in steps), within=within)


def check_own(space: Workspace, within: Cid, run: Run) -> None:
    """Look whether a run that somebody published is of its workflow; `within` as in `bring`.

    Raises: Damaged when it is not; Unavailable when this machine cannot say.
    """
    workflow, store = load_workflow(space.store, run.workflow), _sourced(space, within)
    lock = LOCK.decode(space.store.get(run.lock))
    use = using(space, lock, within)
    uses = {name: use(name) for name in workflow.environments}
    bound = bind(workflow, run.parameters)
    resolver = Resolver(workflow, bound, lock.inputs, uses, choosing(space, within))
    belonging.check(store, resolver, groups(workflow, bound), run_steps(space.store, run))


def _sourced(space: Workspace, within: Cid) -> Sourced:
    return Sourced(space.store, space.sources, within)


def repeat(
    space: Workspace,
    settings: Settings,
    run: Run,
    steps: Sequence[Recorded],
    on: Where,
    within: Cid,
) -> tuple[StepVerdict, ...]:
    """Run steps again, each on its recorded inputs, and compare; `within` as in `bring`.

    Raises: StepFailed when cancelled; Unavailable when this machine cannot; Damaged when what is
    recorded is not all right.
    """
    watched = Steps(
        Counter(step.name[0] for step in steps),
        frozenset(step.name[0] for step in steps if step.id != step.name[0]),
    )
    with (
        watching(watched) as watch,
        ExitStack() as opened,
        open_crew(space, settings, on, "rerun", _known(space, run, steps)) as (crew, capacity),
    ):
        recorded = _sourced(space, within)  # what is compared may be elsewhere
        open_ = comparing_in(space, settings, run, within, opened, watch)
        comparing = partial(open_, crew if on == "local" else None)
        again = Rerun(recorded, crew, replace(capacity, ahead=0), watch, comparing)
        with interruptible(again.cancel):
            return again.run(steps)


def repeat_chain(
    space: Workspace, settings: Settings, run: Cid, steps: Sequence[Recorded], on: Where
) -> tuple[StepVerdict, ...]:
    """Run the whole workflow again, on what it gives itself, and compare with what is recorded.

    It is a run of its own, with a name and a record.

    Raises: as a run does; StepFailed when cancelled.
    """
    prepared = prepare(space, find_workflow(space, str(run)), (), offline=True, on=on)
    row = begin(space, prepared)
    note(f"what this gives is run '{row.name}'")
    watched = Steps.of_groups(prepared.groups)
    forced = frozenset(prepared.workflow.steps)
    with watching(watched) as watch:
        ended = execute(
            space,
            settings,
            prepared,
            row,
            watch,
            How(forced, keep_going=True, keep_intermediates=True),
        )
    if ended.status == "cancelled":
        raise StepFailed("the rerun was cancelled", fix="run the command again")
    given = {one.id: one for one in view_row(space, space.journal.find(row.id)).steps}
    record, gave = (
        load_run(space.store, run),
        [_gave(space, one, given.get(one.id)) for one in steps],
    )
    asked = [
        Asked(one.name, *each)
        for one, (result, _) in zip(steps, gave, strict=True)
        for each in to_compare(one.was, result, one.declared)
    ]
    opinions = compare_all(space, settings, record, run, asked)
    verdicts = (
        judge(one.id, one.was, result, one.declared, space.store.get, why, _of(one, opinions))
        for one, (result, why) in zip(steps, gave, strict=True)
    )
    return tuple(replace(one, by=_executor(space, given.get(one.id))) for one in verdicts)


def _executor(space: Workspace, now: StepSummary | None) -> Executor | None:
    """Return where the chain ran a step; the last attestation of one is the signed one."""
    if now is None or not now.attestations:
        return None
    said, signer, _ = evidence(space.store, now.attestations[-1])
    return Executor(said.system, said.sandbox, signer, said.wall_ms)


def outputs_now(space: Workspace, run: Cid, verdicts: Sequence[StepVerdict]) -> dict[str, Output]:
    """Return the outputs of the workflow as they came out now; of a step not run again, as then."""
    record = load_run(space.store, run)
    now = {one.id: one for one in verdicts}
    steps = [_now(step, now.get(step.id)) for step in of_record(space.store, record)]
    workflow = load_workflow(space.store, record.workflow)
    return final_outputs(space.store.get, workflow.outputs, steps)


def _now(step: StepSummary, verdict: StepVerdict | None) -> StepSummary:
    if verdict is None:
        return step
    given = {name: one.now for name, one in verdict.outputs.items()}
    return replace(step, outputs={name: cid for name, cid in given.items() if cid is not None})


def _known(space: Workspace, run: Run, steps: Sequence[Recorded]) -> Known:
    cpus = {step.name[0]: step.cpus for step in steps}
    workflow = load_workflow(space.store, run.workflow)
    return Known(workflow, run.workflow, carriers_of(space, run), cpus, cpus.keys(), dict)


def _gave(space: Workspace, step: Recorded, now: StepSummary | None) -> tuple[Result, str]:
    """Return what an instance gave in the chain, or why not; None: a scatter came out shorter."""
    if now is None or now.result is None:
        what = "not there: the scatter is shorter now" if now is None else now.status
        return Result(step.order.key, 1, {}), f"it was {what}"
    return RESULT.decode(space.store.get(now.result)), ""


def _of(step: Recorded, opinions: Mapping[Name, Opinion]) -> dict[str, Opinion]:
    """Return the opinions on the outputs of one instance."""
    called = {output: called_of(step.name, output) for output in step.declared}
    return {output: opinions[name] for output, name in called.items() if name in opinions}
