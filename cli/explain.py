"""`tally explain`: why a step was, or was not, reused: what changed, followed to its causes."""

from collections.abc import Iterator, Sequence
from typing import Final

import click

from cli.changeview import change_json, change_lines
from cli.options import common, offline
from cli.refs import find_step
from cli.report import emit_json, emit_table, printable
from cli.runview import RunView, side, view, view_row
from cli.settings import Settings
from cli.vouching import vouched
from cli.workspace import Workspace
from engine.causes import Cause, find_causes
from engine.content.cid import Cid
from engine.errors import Refused
from engine.explain import Change
from engine.summary import StepSummary, failure_of

_LABELS: Final = {
    "closure": "environment",
    "command": "command",
    "script": "run",
    "script_link": "run",
    "inputs": "input",
    "gathers": "input",
    "outputs": "output",
    "variables": "variable",
    "params": "param",
}


@click.command()
@click.argument("run")
@click.argument("step")
@click.option("--against", metavar="RUN", help="Compare with this run, not with the one before.")
@common
@offline
def explain(settings: Settings, run: str, step: str, against: str | None) -> None:
    """Say why STEP of RUN was, or was not, reused, by comparing it with the run before.

    What changed is followed to its causes: to the line of a file, the store path, the word of a
    command; through the steps that made what it reads.
    """
    with Workspace(settings.home, online=settings) as space:
        found = view(space, run)
        one = find_step(found.steps, step)
        before = _given(space, against, one) if against else _before(space, found, one)
        causes = _causes(space, before, found, one) if before else ()
        conflict = _conflict(space, one)
        why = _why(one, before, causes) + _failure(space, found, one)
        environment = _environment(space, found, one)
        words = vouched(space, one)
    if settings.json:
        return emit_json(
            {
                "id": one.id,
                "status": one.status,
                "step": str(one.key) if one.key else None,
                "compared_with": (before.name or str(before.run)) if before else None,
                "why": why,
                "changes": [change_json(change) for change in _own(causes)],
                "causes": [_as_json(cause) for cause in causes],
                "conflict": [str(result) for result in conflict],
                "vouched": list(words.signers),
                "owners": words.owners,
                "finding": words.finding or None,
                "evidence": str(words.evidence) if words.evidence else None,
            }
        )
    click.echo(f"{one.id} {why}")
    for line in _lines(causes, environment):
        click.echo(printable(line))
    if one.status == "reused" or words.has_others:
        click.echo(words.words)
    if conflict:
        click.echo("this step has given different results; the first one is reused:")
        emit_table([("  result", str(result)) for result in conflict])
    return None


def _given(space: Workspace, against: str, one: StepSummary) -> RunView:
    """Return the run that is compared with.

    Raises: Refused when it has no such step.
    """
    found = view(space, against)
    if all(step.id != one.id or step.key is None for step in found.steps):
        raise Refused(f"run '{against}' has no step '{one.id}' that ran", fix="name another run")
    return found


def _before(space: Workspace, found: RunView, one: StepSummary) -> RunView | None:
    """Return the latest earlier run of the same workflow that has this step, with its key."""
    rows = space.journal.runs()
    names = [row.name for row in rows]
    earlier = rows[names.index(found.name) + 1 :] if found.name in names else rows
    for row in earlier:
        if row.title == found.title and row.run != found.run:
            other = view_row(space, row)
            if any(step.id == one.id and step.key is not None for step in other.steps):
                return other
    return None


def _causes(
    space: Workspace, before: RunView, found: RunView, one: StepSummary
) -> tuple[Cause, ...]:
    """Return why a step is not the one it was; nothing when it is, and gave the same."""
    was, now = side(space, before), side(space, found)
    old = was.steps[one.id]
    if one.key is None or (old.key == one.key and not _gave_else(old, one)):
        return ()
    return find_causes(space.store.get, was, now, one.id)


def _gave_else(old: StepSummary, new: StepSummary) -> bool:
    return bool(old.outputs and new.outputs) and old.outputs != new.outputs


def _conflict(space: Workspace, one: StepSummary) -> tuple[Cid, ...]:
    """Return the results that are known of a step's key, the first one first, if they differ."""
    if one.key is None:
        return ()
    witnesses = space.memo.look_up([one.key]).get(one.key, ())
    results = tuple(dict.fromkeys(witness.result for witness in witnesses))
    return results if len(results) > 1 else ()


def _environment(space: Workspace, found: RunView, one: StepSummary) -> str:
    from engine.summary import load_workflow

    return load_workflow(space.store, found.workflow).steps[one.name].environment


def _why(one: StepSummary, before: RunView | None, causes: Sequence[Cause]) -> str:
    if one.status == "reused":
        return "was reused: the same step, on the same inputs, was done before"
    if one.status not in ("ran", "failed"):
        return f"was {one.status}"
    if before is None:
        return "ran: no earlier run of this workflow has it"
    name = before.name or str(before.run)
    if causes and causes[0].kind == "changed":
        return f"ran: its key is not the one in run '{name}'"
    return (
        f"ran, with the same key as in run '{name}': that one failed, or its outputs were "
        "gone, or it was not to be reused (--force, cache: false)"
    )


def _failure(space: Workspace, found: RunView, one: StepSummary) -> str:
    """Return why a step failed, as the end of a sentence; of a run made here, as it was said."""
    why = failure_of(space.store, one)
    if one.status == "failed" and not why and found.name:
        rows = space.journal.steps(space.journal.find(found.name).id)
        name = (one.name, one.index or 0)
        why = next((row.note for row in rows if (row.step, row.index) == name), "")
    return f"; it failed: {why}" if why else ""


def _own(causes: Sequence[Cause]) -> tuple[Change, ...]:
    return causes[0].changes if causes else ()


def _lines(causes: Sequence[Cause], environment: str) -> Iterator[str]:
    """Yield what is said of a step and of those before it that explain it."""
    for number, cause in enumerate(causes):
        if number:
            yield f"{cause.id}: {_in_words(cause)}"
        for change in (*cause.params, *cause.changes):
            yield from (f"  {line}" for line in change_lines(change, _label(change, environment)))
        if cause.follows:
            yield f"  made by: {', '.join(cause.follows)}"


def _in_words(cause: Cause) -> str:
    if cause.kind == "varies":
        return "the same step gave other outputs: it is not deterministic"
    if cause.kind == "new":
        return "there was no such step"
    if cause.kind == "gone":
        return "it did not run"
    return "changed" if cause.follows else "changed, and nothing before it did"


def _label(change: Change, environment: str) -> str:
    field, _, name = change.field.partition(".")
    if field == "closure":
        name = environment
    return " ".join(
        part for part in (_LABELS.get(field, field), f"'{name}'" if name else "") if part
    )


def _as_json(cause: Cause) -> dict[str, object]:
    return {
        "id": cause.id,
        "kind": cause.kind,
        "params": [change_json(change) for change in cause.params],
        "changes": [change_json(change) for change in cause.changes],
        "follows": list(cause.follows),
    }
