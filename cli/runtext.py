"""How one run is printed for people. A step of many instances takes one line for each state."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from cli.report import emit_table, human_seconds, note
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.rows import RunRow
from engine.summary import Output, StepSummary, final_outputs, of_rows, places
from engine.workflow.model import Workflow
from engine.workflow.references import output_reference

FOLDED: Final = 20  # instances of one step in one state: more of them are one line


class Fold(NamedTuple):
    """Instances of one step that came to the same."""

    name: str  # of the step
    status: str
    instances: int
    wall_ms: int  # of all of them


Line = StepSummary | Fold


class RunText(NamedTuple):
    """What people are shown of a run."""

    name: str
    status: str
    run: Cid | None
    lines: Sequence[Line]
    outputs: Mapping[str, Output | int]  # a number where there are that many of one output


def fold(steps: Sequence[StepSummary]) -> Iterator[Line]:
    """Yield the steps of a run in order, and a Fold in place of many."""
    counts = Counter((step.name, step.status) for step in steps)
    wall_ms = Counter[tuple[str, str]]()
    for step in steps:
        wall_ms[step.name, step.status] += step.wall_ms
    for step in steps:
        alike = (step.name, step.status)
        count = counts.get(alike, 0)
        if count > FOLDED:
            yield Fold(*alike, counts.pop(alike), wall_ms[alike])
        elif count:
            yield step


def folded(space: Workspace, row: RunRow, workflow: Workflow) -> RunText:
    """Return a run that the journal knows, without a look at the instances that are folded."""
    folds = [Fold(*one) for one in space.journal.counts(row.id)]
    place = places(workflow, (one.name for one in folds))
    many = {one.name: one for one in folds if one.instances > FOLDED}
    counted = _counted(workflow.outputs, many)
    others = {name: text for name, text in workflow.outputs.items() if name not in counted}
    looked_at = {one.name for one in folds}.difference(many)
    looked_at.update(output_reference(text).step for text in others.values())
    steps = of_rows(space.store, space.journal.steps(row.id, looked_at), workflow)
    found = {**counted, **final_outputs(space.store.get, others, steps)}
    lines: list[Line] = [*many.values(), *(step for step in steps if step.name not in many)]
    lines.sort(key=lambda line: place[line.name])
    outputs = {name: found[name] for name in workflow.outputs}
    return RunText(row.name, row.status, row.run, lines, outputs)


def _counted(outputs: Mapping[str, str], many: Mapping[str, Fold]) -> dict[str, int]:
    """Return those outputs that are one of each folded instance, with how many they are."""
    references = {name: output_reference(text) for name, text in outputs.items()}
    return {
        name: many[one.step].instances
        for name, one in references.items()
        if one.step in many and one.pick == "all"
    }


def emit_text(found: RunText) -> None:
    """Print a run."""
    emit_table(_cells(found.lines), ("step", "status", "time", "output", "cid"))
    emit_table([("output", name, _text(output)) for name, output in found.outputs.items()])
    emit_table([("run", found.name, found.status, str(found.run or "(not ended)"))])
    if any(isinstance(line, Fold) for line in found.lines):
        note(f"'tally show {found.name or found.run} -o json' has each instance")


def _cells(lines: Iterable[Line]) -> Iterator[tuple[str, ...]]:
    for line in lines:
        time = human_seconds(line.wall_ms) if line.wall_ms else "-"
        if isinstance(line, Fold):
            yield f"{line.name}[*]", f"{line.instances} {line.status}", time, "-", "-"
            continue
        for name, cid in [(name, str(cid)) for name, cid in line.outputs.items()] or [("-", "-")]:
            yield line.id, line.status, time, name, cid


def _text(output: Output | int) -> str:
    if isinstance(output, int):
        return f"{output} of them"
    if isinstance(output, tuple):
        many = len(output) > FOLDED
        return _text(len(output)) if many else " ".join(str(cid) for cid in output)
    return str(output or "-")
