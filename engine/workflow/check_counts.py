"""Check counts: what depends on the values of params. Pure.

A value that is not known yet (None) is left unchecked until it is given.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from engine.errors import Refused
from engine.workflow.expand import count
from engine.workflow.model import Workflow, WorkflowStep
from engine.workflow.parameters import Params
from engine.workflow.places import Part, Problem
from engine.workflow.reads import axis_reference, entries_of, input_reference
from engine.workflow.references import OutputRef, ParamRef, parse_reference
from engine.workflow.values import JsonText

_TRUTH: Final = ("true", "false")


def count_problems(workflow: Workflow, values: Mapping[str, JsonText | None]) -> Iterator[Problem]:
    """Yield what is wrong with scatters, `[I]` and `when`, as far as the values are known."""
    counts: dict[str, int | None] = {}
    for name, step in workflow.steps.items():
        try:
            counts[name] = _count(workflow, values, name, step)
        except Refused as error:
            counts[name] = None
            yield Problem(("steps", name, "scatter"), error.what, error.fix)
        if step.condition is not None and values[step.condition] not in (None, *_TRUTH):
            what = (
                f"params.{step.condition} decides 'when' of step '{name}': it is not a truth value"
            )
            yield Problem(("steps", name, "when"), what, "make it true or false")
    for name, step in workflow.steps.items():
        for part, reference in _reads(name, step):
            yield from _problems(workflow, reference, counts, name, part)
    for name, text in workflow.outputs.items():
        final = parse_reference(text)
        if isinstance(final, OutputRef):
            yield from _problems(workflow, final, counts, "", ("outputs", name))


def _count(
    workflow: Workflow, values: Mapping[str, JsonText | None], name: str, step: WorkflowStep
) -> int | None:
    known = {key: value for key, value in values.items() if value is not None}
    for axis in step.scatter:
        reference = axis_reference(axis)
        if isinstance(reference, ParamRef) and reference.name not in known:
            return None
    return count(workflow, Params(known), name)


def _reads(name: str, step: WorkflowStep) -> Iterator[tuple[Part, OutputRef]]:
    for key, text in step.inputs.items():
        reference = input_reference(text)
        if isinstance(reference, OutputRef):
            yield ("steps", name, "inputs", key), reference
    if directory := entries_of(step):
        yield ("steps", name, "scatter"), directory


def _problems(
    workflow: Workflow,
    reference: OutputRef,
    counts: Mapping[str, int | None],
    name: str,
    part: Part,
) -> Iterator[Problem]:
    there, here = counts[reference.step], counts.get(name)
    if there is None:
        return
    if isinstance(reference.pick, int) and reference.pick >= there:
        what = f"'{reference}': there is no such instance, step '{reference.step}' has {there}"
        yield Problem(part, what, f"write 0 to {there - 1}" if there > 1 else "use [*]")
    matched = reference.pick is None and bool(workflow.steps[reference.step].scatter)
    if matched and here not in (None, there):
        what = f"step '{reference.step}' has {there} instances and step '{name}' has {here}"
        yield Problem(part, what, f"write {reference.step}[*].{reference.output} for all")
