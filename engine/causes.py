"""Causes: why a step is not the one it was in another run, followed through the steps before. Pure.

A changed input that another step made is followed to that step, and so on, to the changes that
nothing in the two runs explains: the causes.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Literal

from engine.content.reader import Get
from engine.explain import Change, look_into, mapping_changes, step_changes, tree_change
from engine.sides import Side
from engine.step import STEP
from engine.summary import StepSummary
from engine.values import dataclass
from engine.workflow.placeholders import Placeholder, parse_template

MAX_FOLLOWED: Final = 50  # steps

Kind = Literal["changed", "new", "varies", "gone"]


@dataclass(frozen=True, slots=True)
class Cause:
    """What became of one instance between two runs."""

    id: str  # as "train[1]"
    kind: Kind  # "varies": the same step gave something else; "gone": it has no key here
    changes: tuple[Change, ...]
    params: tuple[Change, ...]  # that its command or variables are made from
    follows: tuple[str, ...]  # ids of the steps that made inputs which are others


def find_causes(get: Get, was: Side, now: Side, id: str) -> tuple[Cause, ...]:  # noqa: A002
    """Return why an instance is not the one it was, then the same of the steps that explains.

    Each step comes once, those nearer to the instance first, at most MAX_FOLLOWED in all.

    Raises: Unavailable when a step's record is not here; Damaged when one is malformed.
    """
    found: dict[str, Cause] = {}
    waiting = deque([id])
    while waiting and len(found) < MAX_FOLLOWED:
        one = waiting.popleft()
        if one not in found:
            found[one] = _cause(get, was, now, one)
            waiting.extend(found[one].follows)
    return tuple(found.values())


def _cause(get: Get, was: Side, now: Side, id: str) -> Cause:  # noqa: A002
    before, after = was.steps.get(id), now.steps.get(id)
    if before is None or before.key is None:
        return Cause(id, "new", (), (), ())
    if after is None or after.key is None:
        return Cause(id, "gone", (), (), ())
    if before.key == after.key:
        return Cause(id, "varies", tuple(_outputs(get, now, before, after)), (), ())
    old, new = STEP.decode(get(before.key)), STEP.decode(get(after.key))
    names = {key: now.file_name(after.name, key) for key in (*new.inputs, *new.gathers)}
    changes = tuple(
        replace(look_into(get, one, old, new, names), source=now.place_of(after.name, one.field))
        for one in step_changes(old, new)
    )
    follows = dict.fromkeys(name for one in changes for name in _follow(was, now, after, one))
    return Cause(id, "changed", changes, _params(was, now, after), tuple(follows))


def _outputs(get: Get, now: Side, old: StepSummary, new: StepSummary) -> Iterator[Change]:
    """Yield the outputs of an instance that are others, with where they part."""
    for change in mapping_changes("outputs", old.outputs, new.outputs):
        name = change.field.partition(".")[2]
        if name in old.outputs and name in new.outputs:
            was, is_now = old.outputs[name], new.outputs[name]
            yield tree_change(get, change, was, is_now, now.output_path(new.name, name))
        else:
            yield change


def _follow(was: Side, now: Side, one: StepSummary, change: Change) -> Iterator[str]:
    """Yield the steps that gave something else than before, for an input that changed."""
    field, _, key = change.field.partition(".")
    if field in ("inputs", "gathers"):
        for producer in now.producers(one, key):
            before = was.steps.get(producer.id)
            if before is None or before.outputs != producer.outputs:
                yield producer.id


def _params(was: Side, now: Side, one: StepSummary) -> tuple[Change, ...]:
    """Return the params that changed and that a step's command or variables are made from."""
    changes = mapping_changes("params", was.parameters, now.parameters)
    if not changes:
        return ()
    used = set(_used(now, one))
    return tuple(change for change in changes if change.field in used)


def _used(side: Side, one: StepSummary) -> Iterator[str]:
    """Yield the params that a step is made from: "params.n"."""
    written = side.step(one.name)
    if written is None:
        return
    for text in (*written.command, written.script, *written.variables.values()):
        for part in parse_template(text):
            if isinstance(part, Placeholder) and part.kind == "params":
                yield f"params.{part.name}"
    yield from (axis.source for axis in written.scatter)
