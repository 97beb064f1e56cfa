"""RunDiff: what is not the same in two runs: what they were given, what each step gave. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from engine.content.cid import Cid
from engine.content.reader import Get
from engine.contrast import Contrast, contrast
from engine.errors import Unavailable
from engine.explain import (
    Change,
    closure_details,
    look_into,
    mapping_changes,
    step_changes,
    tree_change,
)
from engine.opinion import Asked, Opinion, called_of
from engine.rows import Name
from engine.sides import Side
from engine.step import STEP, SYSTEM, Step
from engine.summary import StepSummary
from engine.values import dataclass
from engine.verdict import OutputVerdict, judge_output
from engine.workflow.comparators import comparators

MAX_LOOKED_INTO: Final = (
    100  # outputs and inputs that are read; of more it is said that they differ
)


@dataclass(frozen=True, slots=True)
class OutputDiff:
    """An output that is not the same."""

    name: str
    verdict: OutputVerdict  # by the rule that the output declares in the second run
    note: str  # why it was not looked into; "" when it was


@dataclass(frozen=True, slots=True)
class StepDiff:
    """An instance that is not the same, or gave something else."""

    id: str
    what: str  # in words
    changes: tuple[Change, ...]
    outputs: tuple[OutputDiff, ...]


@dataclass(frozen=True, slots=True)
class RunDiff:
    """Two runs side by side."""

    given: tuple[Change, ...]  # params, inputs, environments
    steps: tuple[StepDiff, ...]


def to_be_compared(was: Side, now: Side) -> Iterator[Asked]:
    """Yield the outputs that differ and have a comparator in the second run."""
    for id, new in now.steps.items():  # noqa: A001
        old, written = was.steps.get(id), now.step(new.name)
        if old is None or written is None:
            continue
        name = (new.name, 0 if new.index is None else new.index)
        for output, comparator in comparators(written):
            before, after = old.outputs.get(output), new.outputs.get(output)
            if before is not None and after is not None and before != after:
                yield Asked(name, output, comparator, before, after)


def run_diff(
    get: Get, was: Side, now: Side, opinions: Mapping[Name, Opinion] | None = None
) -> RunDiff:
    """Return what is not the same in two runs; `opinions` of comparators by what each is called.

    Raises: Unavailable when a record is not here; Damaged when something is malformed. Content that
    is not here is said to be.
    """
    differ = _Differ(get, was, now, opinions or {})
    return RunDiff(tuple(differ.given()), tuple(differ.steps()))


class _Differ:
    """Two runs, and how much may still be read."""

    def __init__(self, get: Get, was: Side, now: Side, opinions: Mapping[Name, Opinion]) -> None:
        self._opinions = opinions
        self._get = get
        self._was = was
        self._now = now
        self._left = MAX_LOOKED_INTO
        self._seen: dict[tuple[Cid, Cid, str], tuple[Contrast | None, str]] = {}

    def given(self) -> Iterator[Change]:
        """Yield params, inputs and environments that are not the same."""
        yield from mapping_changes("params", self._was.parameters, self._now.parameters)
        if self._was.lock is None or self._now.lock is None:
            return
        old, new = self._was.lock.inputs, self._now.lock.inputs
        for change in mapping_changes("inputs", old, new):
            name = change.field.partition(".")[2]
            both = name in old and name in new
            yield tree_change(self._get, change, old[name], new[name], name) if both else change
        yield from self._environments()

    def _environments(self) -> Iterator[Change]:
        old, new = _closures(self._was), _closures(self._now)
        for change in mapping_changes("environments", old, new):
            name = change.field.partition(".")[2]
            if name in old and name in new:
                try:
                    details = closure_details(self._get, old[name], new[name])
                except Unavailable:
                    details = ("its record is not here to be looked at",)
                change = Change(change.field, change.was, change.now, details)
            yield change

    def steps(self) -> Iterator[StepDiff]:
        """Yield the instances that are not the same, or gave something else."""
        before, after = self._was.steps, self._now.steps
        for id in (*after, *(id for id in before if id not in after)):  # noqa: A001
            old, new = before.get(id), after.get(id)
            if old is None or new is None:
                where = "the second" if old is None else "the first"
                yield StepDiff(id, f"only in {where} run", (), ())
            elif old.key != new.key or old.outputs != new.outputs:
                yield self._step(old, new)

    def _step(self, old: StepSummary, new: StepSummary) -> StepDiff:
        outputs = tuple(
            self._output(new, name, old.outputs.get(name), new.outputs.get(name))
            for name in sorted(old.outputs.keys() | new.outputs.keys())
            if old.outputs.get(name) != new.outputs.get(name)
        )
        return StepDiff(new.id, _what(old, new), self._changes(old, new), outputs)

    def _changes(self, old: StepSummary, new: StepSummary) -> tuple[Change, ...]:
        if old.key is None or new.key is None or old.key == new.key:
            return ()
        was, now = STEP.decode(self._get(old.key)), STEP.decode(self._get(new.key))
        return tuple(self._change(new, one, was, now) for one in step_changes(was, now))

    def _change(self, new: StepSummary, change: Change, was: Step, now: Step) -> Change:
        if change.field.startswith(("inputs.", "gathers.")):  # shown where it comes from
            return replace(change, source=self._now.place_of(new.name, change.field))
        return look_into(self._get, change, was, now, {})

    def _output(self, new: StepSummary, name: str, was: Cid | None, now: Cid | None) -> OutputDiff:
        written = self._now.step(new.name)
        declared = written.outputs.get(name) if written else None
        inside, note = None, ""
        if was is not None and now is not None:
            inside, note = self._look(was, now, declared.path if declared else "")
        if inside is None:
            verdict = OutputVerdict("differs", was, now, None)
        else:
            called = called_of((new.name, 0 if new.index is None else new.index), name)
            opinion = self._opinions.get(called)
            verdict = judge_output(was, now, declared, self._get, inside, opinion)
        return OutputDiff(name, verdict, note)

    def _look(self, was: Cid, now: Cid, name: str) -> tuple[Contrast | None, str]:
        key = (was, now, name)
        if key not in self._seen:
            if not self._left:
                return None, f"only {MAX_LOOKED_INTO} outputs are looked into"
            self._left -= 1
            try:
                self._seen[key] = contrast(self._get, was, now, name), ""
            except Unavailable:
                self._seen[key] = None, "what it was, or is, is not here to be looked at"
        return self._seen[key]


def _closures(side: Side) -> Mapping[str, Cid]:
    environments = side.lock.environments if side.lock else {}
    return {name: on[SYSTEM].closure for name, on in environments.items() if SYSTEM in on}


def _what(old: StepSummary, new: StepSummary) -> str:
    step = "the same step" if old.key == new.key else "another step"
    if old.status in ("failed", "skipped") or new.status in ("failed", "skipped"):
        return f"{step}: {old.status} in the first run, {new.status} in the second"
    return f"{step}, {'same' if old.outputs == new.outputs else 'other'} outputs"
