"""Check: what a workflow says is possible. Pure, and the same for a file, a builder or a record."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from engine.workflow.check_commands import command_problems
from engine.workflow.check_counts import count_problems
from engine.workflow.check_references import (
    comparator_problems,
    environment_problems,
    final_problems,
    reference_problems,
)
from engine.workflow.model import Workflow, WorkflowStep
from engine.workflow.names import did_you_mean
from engine.workflow.order import cycle
from engine.workflow.parameters import Params
from engine.workflow.paths import overlap
from engine.workflow.places import Places, Problem
from engine.workflow.reads import output_reads
from engine.workflow.references import OutputRef


def problems(workflow: Workflow) -> Iterator[Problem]:
    """Yield what is wrong whatever the params are, and what is wrong with their defaults."""
    wrong = False
    for problem in _whatever_the_params(workflow):
        wrong = True
        yield problem
    if not wrong:  # counting needs references that lead somewhere
        yield from count_problems(workflow, workflow.parameters)


def _whatever_the_params(workflow: Workflow) -> Iterator[Problem]:
    for name, step in workflow.steps.items():
        yield from _step_problems(workflow, name, step)
    yield from final_problems(workflow)
    if names := cycle(workflow):
        circle = " → ".join((*names, names[0]))
        what = f"steps wait for one another in a circle: {circle}"
        yield Problem(("steps", names[0]), what, "remove one of these references")


def _step_problems(workflow: Workflow, name: str, step: WorkflowStep) -> Iterator[Problem]:
    part = ("steps", name)
    yield from environment_problems(workflow, step.environment, name, part)
    if step.condition is not None and step.condition not in workflow.parameters:
        fix = did_you_mean(step.condition, workflow.parameters, "add it to 'params'")
        what = f"unknown param '{step.condition}' in step '{name}'"
        yield Problem((*part, "when"), what, fix)
    yield from reference_problems(workflow, name, step)
    yield from comparator_problems(workflow, name, step)
    yield from command_problems(workflow, name, step)
    yield from _output_problems(name, step)


def _output_problems(name: str, step: WorkflowStep) -> Iterator[Problem]:
    """Yield outputs at the same path or inside one another: sorted, such paths are neighbours."""
    files = sorted(step.outputs.items(), key=lambda item: (item[1].path.split("/"), item[0]))
    for (one, first), (other, second) in pairwise(files):
        if overlap(first.path, second.path):
            what = f"outputs '{one}' and '{other}' of step '{name}' overlap: {second.path}"
            fix = "give each output a path of its own"
            yield Problem(("steps", name, "outputs", other), what, fix)


def refuse_params(workflow: Workflow, params: Params) -> None:
    """Do nothing when a workflow can run with `params`.

    Raises: Refused when it cannot, as for a scatter over what is no list.
    """
    if workflow.parameters.keys() != params.values.keys():
        raise ValueError("params of another workflow")
    Places().refuse_first(count_problems(workflow, params.values))


def default_outputs(steps: Mapping[str, WorkflowStep]) -> dict[str, str]:
    """Return every output that no step reads, as STEP.OUTPUT -> reference."""
    read = {(each.step, each.output) for step in steps.values() for each in output_reads(step)}
    return {
        f"{name}.{output}": str(OutputRef(name, output, "", "all" if step.scatter else None, False))
        for name, step in steps.items()
        for output in step.outputs
        if (name, output) not in read
    }
