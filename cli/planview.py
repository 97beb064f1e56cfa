"""What a run would do, printed: each step with what would become of it, and why."""

from cli.execute import inquiry
from cli.prepare import Prepared
from cli.report import emit_json, emit_table, note
from cli.runview import view_row
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.explain import step_changes
from engine.forecast import Forecast, Forecaster
from engine.step import STEP


def emit_plan(
    space: Workspace, settings: Settings, prepared: Prepared, forced: frozenset[str]
) -> None:
    """Print what a run would do."""
    asked = inquiry(space, prepared, forced=forced, earlier={})
    found = list(Forecaster(space.store, asked, prepared.groups).all())
    before = _keys_before(space, prepared.workflow.name)
    rows = [(one, _why(space, one, before, forced)) for one in found]
    if settings.json:
        return emit_json(
            {"steps": [{"id": one.id, "action": one.action, "why": why} for one, why in rows]}
        )
    emit_table([(one.id, one.action, why) for one, why in rows], ("step", "action", "why"))
    count = sum(one.action == "run" for one in found)
    waiting = sum(one.action == "wait" for one in found)
    return note(f"to run: {count}; to decide after those: {waiting}")


def _keys_before(space: Workspace, title: str) -> dict[str, Cid]:
    """Return the keys of each step in the latest run of this workflow, by id."""
    for row in space.journal.runs():
        if row.title == title:
            return {step.id: step.key for step in view_row(space, row).steps if step.key}
    return {}


def _why(space: Workspace, one: Forecast, before: dict[str, Cid], forced: frozenset[str]) -> str:
    if one.action == "reuse":
        return "done before, on the same inputs"
    if one.action == "wait":
        return f"reads '{one.waits_for}', which would run: reused if that gives the same"
    if one.action == "skip":
        return "'when' is false, here or in what it reads"
    if one.step in forced:
        return "forced"
    if one.order is None or one.id not in before:
        return "not done before"
    if before[one.id] == one.order.key:
        return "it failed, its outputs are gone, or it is never reused (cache: false)"
    changes = step_changes(STEP.decode(space.store.get(before[one.id])), one.order.step)
    return "changed: " + ", ".join(change.field for change in changes)
