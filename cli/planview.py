"""What a run would do, printed: each step with what would become of it, why, and how long."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from cli.changeview import change_json, change_lines
from cli.crews import capacity_of
from cli.execute import inquiry, policy_of
from cli.prepare import How, Prepared
from cli.report import emit_json, emit_table, human_seconds, note
from cli.runview import view_row
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Refused
from engine.estimate import Expectation, Usual, expect, usual
from engine.explain import Change, look_into, step_changes
from engine.forecast import Forecast, Forecaster
from engine.sides import Side
from engine.step import STEP

_LOOKED_INTO: Final = 50  # instances whose changed inputs are read: it is the same in all, mostly
_SHOWN: Final = 100  # characters of a reason

_Reason = tuple[str, tuple[Change, ...]]


def emit_plan(
    space: Workspace,
    settings: Settings,
    prepared: Prepared,
    forced: frozenset[str],
    royalty: Sequence[str] = (),
) -> None:
    """Print what a run would do; `royalty` names the manifests by which it would pay authors."""
    asked = inquiry(space, prepared, How(forced), {}, policy_of(settings, prepared))
    found = list(Forecaster(space.store, asked, prepared.groups).all())
    reasons = _Reasons(space, prepared, forced).of_all(found)
    known = usual(space.journal.durations(prepared.workflow.name))
    if prepared.on == "peers":
        return _emit_elsewhere(space, settings, prepared, _Plan(found, reasons, known, royalty))
    if royalty:
        from cli.royalties import UNPAID

        note(UNPAID)
    try:
        expected = expect(prepared.groups, capacity_of(settings), found, known)
    except Refused as error:  # a run would be refused, too
        note(f"{error.what}; {error.fix}")
        expected = Expectation(0, None, ())
    if settings.json:
        return emit_json(_as_json(found, reasons, known, expected, settings.jobs))
    rows = [
        (one.id, one.action, _time(one, known), _in_words(reason))
        for one, reason in zip(found, reasons, strict=True)
    ]
    emit_table(rows, ("step", "action", "time", "why"))
    count = _tell_count(found)
    return note(_expected(expected, settings.jobs)) if count else None


def _emit_elsewhere(
    space: Workspace, settings: Settings, prepared: Prepared, plan: "_Plan"
) -> None:
    """Print what a run on peers would do: also where, and what would leave this machine."""
    from cli.costview import (
        check_affordable,
        cost_of,
        print_quotation,
        quotation_json,
        quoted,
        step_json,
    )
    from cli.leaving import WHERE, could_run, leaving, leaving_json, print_leaving
    from cli.royalties import royalties_json, royalties_of, tell_royalties
    from engine.workflow.sharing import sharing

    royalties = royalties_of(space, plan.royalty)
    tell_royalties(royalties)
    left, peers = leaving(space, prepared, plan.found), could_run(settings.home)
    cost = quoted(prepared, plan.found, plan.known, peers or [], royalties)
    costs = {one.id: one for one in cost.steps}
    where = {step: WHERE[share] for step, share in sharing(prepared.workflow).items()}
    places = [where[one.step] if one.action in ("run", "wait") else "-" for one in plan.found]
    if settings.json:
        steps = _steps_json(plan.found, plan.reasons, plan.known)
        for step, place in zip(steps, places, strict=True):
            step["where"] = None if place == "-" else place
            step.update(step_json(costs.get(str(step["id"]))))
        left_json = [leaving_json(one) for one in left]
        total = None if peers is None else quotation_json(cost, peers, settings.max_cost)
        told = {"steps": steps, "leaves": left_json, "peers": peers, "cost": total}
        emit_json(told | {"royalties": royalties_json(royalties)})
    else:
        rows = [
            (one.id, one.action, place, _time(one, plan.known), cost_of(costs.get(one.id)), why)
            for one, place, why in zip(
                plan.found, places, map(_in_words, plan.reasons), strict=True
            )
        ]
        emit_table(rows, ("step", "action", "where", "time", "credits", "why"))
        _tell_count(plan.found)
        print_leaving(left)
        print_quotation(cost, peers, settings.max_cost)
    check_affordable(cost, settings.max_cost)


class _Plan(NamedTuple):
    """What is known of each instance."""

    found: Sequence[Forecast]
    reasons: Sequence[_Reason]
    known: Mapping[str, Usual]
    royalty: Sequence[str]


def _tell_count(found: Sequence[Forecast]) -> int:
    count = sum(one.action == "run" for one in found)
    waiting = sum(one.action == "wait" for one in found)
    note(f"to run: {count}; to decide after those: {waiting}")
    return count


class _Reasons:
    """Why instances would run: compared with the latest run of the same workflow."""

    def __init__(self, space: Workspace, prepared: Prepared, forced: frozenset[str]) -> None:
        self._space = space
        self._forced = forced
        workflow = prepared.workflow
        self._side = Side("", workflow, prepared.params.values, {}, None)
        self._before = _keys_before(space, workflow.name)
        self._seen: dict[tuple[str, str, str], Change] = {}  # field, was, now -> looked into
        self._left = _LOOKED_INTO

    def of_all(self, found: Sequence[Forecast]) -> list[_Reason]:
        """Return the reason for each, and what changed."""
        return [self._of(one) for one in found]

    def _of(self, one: Forecast) -> _Reason:
        if one.action == "reuse":
            return "done before, on the same inputs", ()
        if one.action == "wait":
            return f"reads '{one.waits_for}', which would run: reused if that gives the same", ()
        if one.action == "skip":
            return "'when' is false, here or in what it reads", ()
        if one.step in self._forced:
            return "forced", ()
        if one.order is None or one.id not in self._before:
            return "not done before", ()
        if self._before[one.id] == one.order.key:
            return "it failed, its outputs are gone, or it is never reused (cache: false)", ()
        changes = self._changes(one)
        return "changed: " + ", ".join(change.field for change in changes), changes

    def _changes(self, one: Forecast) -> tuple[Change, ...]:
        if one.order is None:
            raise ValueError("an instance that would run has an order")
        was, now = STEP.decode(self._space.store.get(self._before[one.id])), one.order.step
        names = {key: self._side.file_name(one.step, key) for key in (*now.inputs, *now.gathers)}
        changes = []
        for change in step_changes(was, now):
            key = (change.field, change.was, change.now)
            if key not in self._seen and self._left:
                self._left -= 1
                place = self._side.place_of(one.step, change.field)
                looked = look_into(self._space.store.get, change, was, now, names)
                self._seen[key] = replace(looked, source=place)
            changes.append(self._seen.get(key, change))
        return tuple(changes)


def _keys_before(space: Workspace, title: str) -> dict[str, Cid]:
    """Return the keys of each step in the latest run of this workflow, by id."""
    for row in space.journal.runs():
        if row.title == title:
            return {step.id: step.key for step in view_row(space, row).steps if step.key}
    return {}


def _in_words(reason: _Reason) -> str:
    """Return a reason on one line: of what changed, the first line of each."""
    text, changes = reason
    if changes:
        told = [change for change in changes if change.field != "variables.PATH"] or changes
        text = "changed: " + "; ".join(map(_first, told))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _first(change: Change) -> str:
    """Return what is said of a change first."""
    label, *below = change_lines(change)
    return f"{label} {below[0].strip()}, …" if below else label


def _time(one: Forecast, known: Mapping[str, Usual]) -> str:
    if one.action not in ("run", "wait"):
        return "-"
    return human_seconds(known[one.step].wall_ms) if one.step in known else "unknown"


def _expected(expected: Expectation, jobs: int) -> str:
    least = human_seconds(expected.at_least_ms)
    if expected.unknown:
        steps = ", ".join(expected.unknown[:5]) + (", …" if len(expected.unknown) > 5 else "")
        bound = f", {least} or more" if expected.at_least_ms else ""
        return f"expected time: unknown{bound}: nothing is known of {steps}"
    if expected.at_most_ms is None:
        return "expected time: unknown"
    text = f"expected time: {least} with {jobs} at once"
    if expected.at_most_ms > expected.at_least_ms:
        text += f"; {human_seconds(expected.at_most_ms)} if all that waits must run"
    return text


def _as_json(
    found: Sequence[Forecast],
    reasons: Sequence[_Reason],
    known: Mapping[str, Usual],
    expected: Expectation,
    jobs: int,
) -> dict[str, object]:
    return {
        "steps": _steps_json(found, reasons, known),
        "expected": {
            "jobs": jobs,
            "at_least_ms": expected.at_least_ms,
            "at_most_ms": expected.at_most_ms,
            "unknown": list(expected.unknown),
        },
    }


def _steps_json(
    found: Sequence[Forecast], reasons: Sequence[_Reason], known: Mapping[str, Usual]
) -> list[dict[str, object]]:
    return [
        {
            "id": one.id,
            "action": one.action,
            "why": why,
            "changes": [change_json(change) for change in changes],
            "usual_ms": known[one.step].wall_ms if one.step in known else None,
            "samples": known[one.step].samples if one.step in known else 0,
        }
        for one, (why, changes) in zip(found, reasons, strict=True)
    ]
