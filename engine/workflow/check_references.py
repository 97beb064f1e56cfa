"""Check references: each leads to something, in a form that fits it. Pure."""

from collections.abc import Collection, Iterator

from engine.workflow.comparators import comparators
from engine.workflow.model import Workflow, WorkflowStep
from engine.workflow.names import did_you_mean
from engine.workflow.places import Part, Problem
from engine.workflow.reads import axis_reference, input_reference
from engine.workflow.references import InputRef, OutputRef, ParamRef, parse_reference


def reference_problems(workflow: Workflow, name: str, step: WorkflowStep) -> Iterator[Problem]:
    """Yield what is wrong with the inputs, the scatter and the needs of a step."""
    for key, text in step.inputs.items():
        part = ("steps", name, "inputs", key)
        reference = input_reference(text)
        if isinstance(reference, InputRef):
            yield from _unknown(reference.name, workflow.inputs, "input", part)
        elif found := list(_output_problems(workflow, reference, part)):
            yield from found
        else:
            yield from _match_problems(workflow, name, reference, part)
    yield from _scatter_problems(workflow, name, step)
    for need in step.needs:
        yield from _unknown(need, workflow.steps, "step", ("steps", name, "needs", need))


def comparator_problems(workflow: Workflow, name: str, step: WorkflowStep) -> Iterator[Problem]:
    """Yield what is wrong with the references of what compares the outputs of a step."""
    for output, comparator in comparators(step):
        part = ("steps", name, "outputs", output, "compare")
        yield from environment_problems(workflow, comparator.environment, name, part)
        for key, text in comparator.inputs.items():
            reference = input_reference(text)
            yield from _unknown(
                getattr(reference, "name", ""), workflow.inputs, "input", (*part, "inputs", key)
            )


def environment_problems(
    workflow: Workflow, environment: str, step: str, part: Part
) -> Iterator[Problem]:
    """Yield an environment that the workflow does not have."""
    if environment not in workflow.environments:
        fix = did_you_mean(environment, workflow.environments, "add it to 'environments'")
        what = f"unknown environment {environment[:80]!r} in step '{step}'"
        yield Problem((*part, "environment"), what, fix)


def _unknown(name: str, known: Collection[str], kind: str, part: Part) -> Iterator[Problem]:
    if name not in known:
        fix = did_you_mean(name, known, f"add it to '{kind}s'" if not known else "")
        yield Problem(part, f"unknown {kind} {name[:80]!r}", fix)


def _output_problems(workflow: Workflow, reference: OutputRef, part: Part) -> Iterator[Problem]:
    producer = workflow.steps.get(reference.step)
    if producer is None:
        fix = did_you_mean(reference.step, workflow.steps)
        yield Problem(part, f"unknown step '{reference.step}' in '{reference}'", fix)
    elif reference.output not in producer.outputs:
        fix = did_you_mean(reference.output, producer.outputs, "add it to that step's 'outputs'")
        yield Problem(part, f"step '{reference.step}' has no output '{reference.output}'", fix)
    elif reference.pick is not None and not producer.scatter:
        what = f"step '{reference.step}' is not scattered: '{reference}' has no items"
        yield Problem(part, what, f"write {reference.step}.{reference.output}")


def _match_problems(
    workflow: Workflow, name: str, reference: OutputRef, part: Part
) -> Iterator[Problem]:
    """Yield a read without […] of a step that is scattered in another way."""
    ours, theirs = workflow.steps[name].scatter, workflow.steps[reference.step].scatter
    if reference.pick is not None or not theirs:
        return
    names = ", ".join(axis.name for axis in theirs)
    each, every = str(reference), f"{reference.step}[*].{reference.output}"
    if [axis.name for axis in ours] != [axis.name for axis in theirs]:
        what = f"'{each}' is scattered over ({names}) and step '{name}' is not"
        yield Problem(part, what, f"write {every} for all, or scatter over ({names}) too")
        return
    for our, their in zip(ours, theirs, strict=True):
        if our.source != their.source and "/*" in our.source[-2:] + their.source[-2:]:
            what = f"'{each}' is scattered over {their.source} and step '{name}' over {our.source}"
            yield Problem(part, what, f"write {every} for all, or scatter over the same")


def _scatter_problems(workflow: Workflow, name: str, step: WorkflowStep) -> Iterator[Problem]:
    directories = 0
    for axis in step.scatter:
        part = ("steps", name, "scatter", axis.name)
        reference = axis_reference(axis)
        if isinstance(reference, ParamRef):
            yield from _unknown(reference.name, workflow.parameters, "param", part)
        elif isinstance(reference, OutputRef):
            directories += 1
            yield from _entries_problems(workflow, name, reference, axis.name)
    if directories > 1:
        what = f"step '{name}' scatters over the entries of {directories} directories"
        yield Problem(("steps", name, "scatter"), what, "scatter over one; put them into one first")


def _entries_problems(
    workflow: Workflow, name: str, reference: OutputRef, axis: str
) -> Iterator[Problem]:
    part = ("steps", name, "scatter", axis)
    if found := list(_output_problems(workflow, reference, part)):
        yield from found
    elif reference.pick == "all" or (
        reference.pick is None and workflow.steps[reference.step].scatter
    ):
        what = f"step '{reference.step}' is scattered: '{reference}' is many directories"
        yield Problem(part, what, f"name one, as {reference.step}[0].{reference.output}/*")
    if axis in workflow.steps[name].inputs:
        what = f"'{axis}' is an input and a scatter over files: both would be /in/{axis}"
        yield Problem(part, what, "rename one of them")


def final_problems(workflow: Workflow) -> Iterator[Problem]:
    """Yield what is wrong with the outputs of the workflow."""
    for name, text in workflow.outputs.items():
        reference = parse_reference(text)
        if not isinstance(reference, OutputRef):
            raise ValueError(f"not an output of a step: {text}")
        yield from _output_problems(workflow, reference, ("outputs", name))
