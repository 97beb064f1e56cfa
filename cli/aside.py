"""Aside: a workflow run once with a memo and a journal of its own, which are gone afterwards.

What steps give is in the home's store as ever; of the run nobody hears, and nothing is reused.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from cli.execute import begin, execute
from cli.named import find_workflow
from cli.prepare import How, Prepared, prepare
from cli.progress import watching
from cli.settings import Settings
from cli.steptree import Steps
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Refused, StepFailed
from engine.values import replace
from engine.workflow.graph import Group
from engine.workflow.names import did_you_mean, some_of

if TYPE_CHECKING:
    from engine.database import Database


class Aside(Workspace):
    """A home whose runs and results are kept for as long as this is open."""

    @cached_property
    def database(self) -> "Database":
        """Runs and results: none to begin with."""
        from engine.database import Database

        folder = self._open.enter_context(TemporaryDirectory())
        database = Database(Path(folder) / "state.db")
        self._open.callback(database.close)
        return database


class Once(NamedTuple):
    """A run that was made aside."""

    run: Cid
    notes: dict[str, str]  # why instances failed, by id


def run_once(
    space: Workspace,
    settings: Settings,
    text: str,
    params: Sequence[str],
    step: str | None,
    *,
    offline: bool,
) -> Once:
    """Run a workflow, or a step of it and what that needs; where a step fails, others go on.

    Raises: StepFailed when cancelled; else as `tally run`.
    """
    named = find_workflow(space, text, is_dry=True)
    prepared = prepare(space, named, params, offline=offline, lock=False)
    if step is not None:
        prepared = replace(prepared, groups=_needed(prepared, step.partition("[")[0]))
    row = begin(space, prepared)
    forced = frozenset(prepared.workflow.steps)
    steps = Steps.of_groups(prepared.groups)
    with watching(steps) as watch:
        execute(space, settings, prepared, row, watch, How(forced, keep_going=True))
    ended = space.journal.find(row.id)
    if ended.run is None or ended.status == "cancelled":
        raise StepFailed("the check was cancelled", fix="run the command again")
    rows = space.journal.steps(row.id)
    return Once(ended.run, {steps.id(one.step, one.index): one.note for one in rows if one.note})


def _needed(prepared: Prepared, step: str) -> tuple[Group, ...]:
    """Return a step and all that it needs, in the order of the workflow.

    Raises: Refused when there is no such step.
    """
    names = [group.step for group in prepared.groups]
    if step not in names:
        fix = did_you_mean(step, names, f"there is: {some_of(names) or 'none'}")
        raise Refused(f"the workflow has no step '{step[:80]}'", fix=fix)
    wanted = {step}
    for group in reversed(prepared.groups):
        if group.step in wanted:
            wanted |= {need.step for need in group.needs}
    return tuple(group for group in prepared.groups if group.step in wanted)
