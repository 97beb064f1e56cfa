"""Check commands: every placeholder in `run` and `env` has a value that fits there. Pure."""

from collections.abc import Collection, Iterator

from engine.workflow.comparators import as_step, comparators
from engine.workflow.model import Workflow, WorkflowStep
from engine.workflow.names import did_you_mean
from engine.workflow.placeholders import Placeholder, Template, parse_template
from engine.workflow.places import Part, Problem
from engine.workflow.reads import is_gather


def command_problems(workflow: Workflow, name: str, step: WorkflowStep) -> Iterator[Problem]:
    """Yield what is wrong with the placeholders of a step, and of what compares its outputs."""
    yield from _command_problems(workflow, step, ("steps", name))
    for output, comparator in comparators(step):
        part = ("steps", name, "outputs", output, "compare")
        yield from _command_problems(workflow, as_step(comparator), part)


def _command_problems(workflow: Workflow, step: WorkflowStep, part: Part) -> Iterator[Problem]:
    gathers = {key for key, text in step.inputs.items() if is_gather(text)}
    for template, place in _templates(step, part):
        for placeholder in template:
            if isinstance(placeholder, Placeholder):
                yield from _problems(placeholder, workflow, step, gathers, place)
    for index, text in enumerate(step.command):
        yield from _item_problems(parse_template(text), gathers, (*part, "run", str(index)))


def _templates(step: WorkflowStep, part: Part) -> Iterator[tuple[Template, Part]]:
    if step.script:
        yield parse_template(step.script), (*part, "run")
    for index, text in enumerate(step.command):
        yield parse_template(text), (*part, "run", str(index))
    for name, text in step.variables.items():
        yield parse_template(text), (*part, "env", name)


def _problems(
    placeholder: Placeholder,
    workflow: Workflow,
    step: WorkflowStep,
    gathers: Collection[str],
    part: Part,
) -> Iterator[Problem]:
    known: dict[str, Collection[str]] = {
        "inputs": step.inputs,
        "outputs": step.outputs,
        "params": workflow.parameters,
        "scatter": [axis.name for axis in step.scatter],
        "resources": ("cpus",),
    }
    names = known[placeholder.kind]
    if placeholder.name not in names:
        where = "the workflow" if placeholder.kind == "params" else "this step"
        otherwise = "" if names else f"declare it in '{placeholder.kind}' of {where}"
        fix = did_you_mean(placeholder.name, names, otherwise)
        yield Problem(part, f"{placeholder} is not declared", fix)
    elif placeholder.listing and placeholder.name not in gathers:
        what = f"{placeholder}: this input is one path, not a gather"
        yield Problem(part, what, f"write {{inputs.{placeholder.name}}}")


def _item_problems(template: Template, gathers: Collection[str], part: Part) -> Iterator[Problem]:
    if len(template) < 2:
        return
    for each in template:
        if not isinstance(each, Placeholder) or each.kind != "inputs" or each.listing:
            continue
        if each.name in gathers:
            what = f"{each} is several paths, inside a longer item"
            yield Problem(part, what, f"make {each} an item of its own, or use its '.list'")
