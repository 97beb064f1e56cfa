"""Recorded steps run again: each on its recorded inputs, or all of them as a chain."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.execute import begin, capacity_of, execute, open_slots
from cli.interrupt import interruptible
from cli.named import find_workflow
from cli.prepare import Where, carriers_of, prepare
from cli.progress import watching
from cli.runview import view_row
from cli.settings import Settings
from cli.steptree import Steps
from cli.workspace import Workspace
from engine.admission import Capacity
from engine.content.cid import Cid
from engine.errors import StepFailed
from engine.rerun import Recorded, Rerun
from engine.run import Run
from engine.step import RESULT, Result
from engine.summary import StepSummary
from engine.verdict import StepVerdict, judge

if TYPE_CHECKING:
    from engine.crew import Crew


def repeat(
    space: Workspace, settings: Settings, run: Run, steps: Sequence[Recorded], on: Where
) -> tuple[StepVerdict, ...]:
    """Run steps again, each on its recorded inputs, and compare.

    Raises: StepFailed when cancelled; Unavailable when this machine cannot; Damaged when what is
    recorded is not all right.
    """
    watched = Steps(
        Counter(step.name[0] for step in steps),
        frozenset(step.name[0] for step in steps if step.id != step.name[0]),
    )
    with (
        watching(watched) as watch,
        _crew(space, settings, carriers_of(space, run), steps, on) as (crew, capacity),
    ):
        again = Rerun(space.store, crew, capacity, watch)
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
    watched = Steps.of_groups(prepared.groups)
    forced = frozenset(prepared.workflow.steps)
    with watching(watched) as watch:
        ended = execute(space, settings, prepared, row, watch, keep_going=True, forced=forced)
    if ended.status == "cancelled":
        raise StepFailed("the rerun was cancelled", fix="run the command again")
    given = {one.id: one for one in view_row(space, space.journal.find(row.id)).steps}
    return tuple(_drift(space, step, given.get(step.id)) for step in steps)


@contextmanager
def _crew(
    space: Workspace,
    settings: Settings,
    carriers: dict[Cid, Cid],
    steps: Sequence[Recorded],
    on: Where,
) -> "Iterator[tuple[Crew, Capacity]]":
    """Open who runs recorded steps again, and say how many of them may be started."""
    if on == "local":
        with open_slots(space, carriers, settings.jobs) as slots:
            yield slots, capacity_of(settings)
        return
    from cli.elsewhere import ELSEWHERE, Known, open_remote

    cpus = {step.name[0]: step.cpus for step in steps}
    with open_remote(space, "rerun", Known(carriers, cpus, {}, cpus.keys())) as remote:
        yield remote, ELSEWHERE


def _drift(space: Workspace, step: Recorded, now: StepSummary | None) -> StepVerdict:
    """Judge an instance by what the chain gave; None: a scatter came out shorter."""
    if now is None or now.result is None:
        what = "not there: the scatter is shorter now" if now is None else now.status
        gave, note = Result(step.order.key, 1, {}), f"it was {what}"
    else:
        gave, note = RESULT.decode(space.store.get(now.result)), ""
    return judge(step.id, step.was, gave, step.declared, space.store.get, note)
