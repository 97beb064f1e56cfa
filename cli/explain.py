"""`tally explain` and `tally diff`: which field of a step key changed, and what that came to."""

from collections.abc import Iterator

import click

from cli.options import common
from cli.refs import find_step
from cli.report import emit_json, emit_table
from cli.runview import RunView, view, view_row
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.explain import Change, mapping_changes, step_changes
from engine.step import STEP, Step
from engine.summary import StepSummary


@click.command()
@click.argument("run")
@click.argument("step")
@common
def explain(settings: Settings, run: str, step: str) -> None:
    """Say why STEP of RUN was, or was not, reused, by comparing it with the run before."""
    with Workspace(settings.home) as space:
        found = view(space, run)
        one = find_step(found.steps, step)
        before = _before(space, found, one)
        changes = _changes(space, before[1], one) if before else ()
        conflict = _conflict(space, one)
    why = _why(one, before[0] if before else None, changes)
    if settings.json:
        return emit_json(
            {
                "id": one.id,
                "status": one.status,
                "step": str(one.key) if one.key else None,
                "compared_with": before[0].name if before else None,
                "why": why,
                "changes": [_as_json(change) for change in changes],
                "conflict": [str(result) for result in conflict],
            }
        )
    click.echo(f"{one.id} {why}")
    emit_table(_rows(changes))
    if conflict:
        click.echo("this step has given different results; the first one is reused:")
        emit_table([("  result", str(result)) for result in conflict])
    return None


def _conflict(space: Workspace, one: StepSummary) -> tuple[Cid, ...]:
    """Return the results that are known of a step's key, the first one first, if they differ."""
    if one.key is None:
        return ()
    witnesses = space.memo.look_up([one.key]).get(one.key, ())
    results = tuple(dict.fromkeys(witness.result for witness in witnesses))
    return results if len(results) > 1 else ()


def _before(
    space: Workspace, found: RunView, one: StepSummary
) -> tuple[RunView, StepSummary] | None:
    """Return the latest earlier run of the same workflow that has this step, with its key."""
    rows = space.journal.runs()
    names = [row.name for row in rows]
    earlier = rows[names.index(found.name) + 1 :] if found.name in names else rows
    for row in earlier:
        if row.title == found.title:
            other = view_row(space, row)
            for step in other.steps:
                if step.id == one.id and step.key is not None:
                    return other, step
    return None


def _changes(space: Workspace, was: StepSummary, now: StepSummary) -> tuple[Change, ...]:
    if was.key is None or now.key is None or was.key == now.key:
        return ()
    return step_changes(_load(space, was.key), _load(space, now.key))


def _load(space: Workspace, key: Cid) -> Step:
    return STEP.decode(space.store.get(key))


def _why(one: StepSummary, before: RunView | None, changes: tuple[Change, ...]) -> str:
    if one.status == "reused":
        return "was reused: the same step, on the same inputs, was done before"
    if one.status not in ("ran", "failed"):
        return f"was {one.status}"
    if before is None:
        return "ran: no earlier run of this workflow has it"
    if changes:
        return f"ran: its key is not the one in run '{before.name}'"
    return (
        f"ran, with the same key as in run '{before.name}': that one failed, or its outputs were "
        "gone, or it was not to be reused (--force, cache: false)"
    )


@click.command()
@click.argument("was")
@click.argument("now")
@common
def diff(settings: Settings, was: str, now: str) -> None:
    """Say what differs between the runs WAS and NOW: what was given, and what each step gave."""
    with Workspace(settings.home) as space:
        left, right = view(space, was), view(space, now)
        given = mapping_changes("params", left.parameters, right.parameters)
        steps = list(_steps(space, left, right))
    if settings.json:
        return emit_json(
            {
                "given": [_as_json(change) for change in given],
                "steps": [
                    {"id": name, "what": what, "changes": [_as_json(change) for change in changes]}
                    for name, what, changes in steps
                ],
            }
        )
    emit_table(_rows(given))
    for name, what, changes in steps:
        click.echo(f"{name}: {what}")
        emit_table(_rows(changes))
    if not (given or steps):
        click.echo("the same steps gave the same outputs")
    return None


def _steps(
    space: Workspace, left: RunView, right: RunView
) -> Iterator[tuple[str, str, tuple[Change, ...]]]:
    """Yield the steps that are not the same in both runs: id, what differs, and the changes."""
    before = {one.id: one for one in left.steps}
    after = {one.id: one for one in right.steps}
    for name in [*after, *(name for name in before if name not in after)]:
        was, now = before.get(name), after.get(name)
        if was is None or now is None:
            yield name, f"only in {'the second' if was is None else 'the first'} run", ()
        elif was.key != now.key:
            same = was.outputs == now.outputs
            yield (
                name,
                f"another step, {'same' if same else 'other'} outputs",
                _changes(space, was, now),
            )
        elif was.outputs != now.outputs:
            yield (
                name,
                "the same step, other outputs",
                mapping_changes("outputs", was.outputs, now.outputs),
            )


def _rows(changes: tuple[Change, ...]) -> list[tuple[str, ...]]:
    return [
        ("  " + one.field, _short(one.was) or "(absent)", "->", _short(one.now) or "(absent)")
        for one in changes
    ]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"


def _as_json(change: Change) -> dict[str, str]:
    return {"field": change.field, "was": change.was, "now": change.now}
