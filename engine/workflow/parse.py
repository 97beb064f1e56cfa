"""Parse: the text of a workflow file to its canonical record. Pure; load.py reads the file.

Errors say what, where (file:line:column) and what to do; the first one in the file is raised.
"""

from typing import Final

from engine.errors import Refused
from engine.trust.policy import parse as parse_policy
from engine.workflow.check import default_outputs, problems
from engine.workflow.environment_sources import read_environment
from engine.workflow.fields import map_of, placed, refused, text_of, word_of
from engine.workflow.model import (
    EnvironmentSource,
    InputSource,
    Workflow,
    WorkflowStep,
    record_of,
)
from engine.workflow.names import RESERVED_STEPS, WORKFLOW_NAME, WORKFLOW_NAME_FIX, is_name
from engine.workflow.nodes import Field, MapNode, Node, Scalar
from engine.workflow.places import Places
from engine.workflow.references import OutputRef, parse_reference
from engine.workflow.sources import read_input
from engine.workflow.steps import check_defaults, read_step
from engine.workflow.tables import named
from engine.workflow.values import JsonText, json_of

KEYS: Final = (
    "workflow", "description", "trust", "params", "inputs", "environments", "defaults", "steps",
    "outputs",
)  # fmt: skip

MAX_TABLE: Final = 2_000  # params, inputs, environments, steps or outputs: a file of 1 MiB
MAX_SHARED: Final = 1024 * 1024  # bytes that `defaults` may add up to in all steps: one record
MAX_DESCRIPTION: Final = 16 * 1024  # characters


def parse(text: str, file: str) -> Workflow:
    """Return the workflow that `text` says; `file` is the name that errors show.

    Raises: Refused, with the place, for anything that is not a workflow.
    """
    from engine.workflow.yaml_source import compose  # who only shows a run reads no YAML

    return read_workflow(compose(text, file))


def read_workflow(node: Node) -> Workflow:
    """Return the workflow that nodes say; the YAML file and the Python builder meet here.

    Raises: Refused, with the place, for anything that is not a workflow.
    """
    if isinstance(node, Scalar) and node.value is None:
        raise refused("the file is empty", node.mark, "begin with 'workflow: NAME' and 'steps:'")
    fields = map_of(node, "the workflow", KEYS).fields
    for key in ("workflow", "steps"):
        if key not in fields:
            raise refused(f"the workflow has no '{key}'", node.mark, f"add '{key}:'")
    places = Places({(key,): field.key_mark for key, field in fields.items()})
    workflow = Workflow(  # in the order of most files, so that the first mistake is found first
        name=_name(fields["workflow"].node),
        description=_description(fields.get("description")),
        parameters=_params(fields.get("params"), places),
        inputs=_inputs(fields.get("inputs"), places),
        environments=_environments(fields.get("environments"), places),
        steps=(steps := _steps(fields, places)),
        outputs=_outputs(fields.get("outputs"), steps, places),
        trust=_trust(fields.get("trust")),
    )
    places.refuse_first(problems(workflow))
    return _of_record_size(workflow, node)


def _name(node: Node) -> str:
    text = text_of(node, "'workflow'")
    if not is_name(text, WORKFLOW_NAME):
        raise refused(f"not a workflow name: {text[:80]!r}", node.mark, WORKFLOW_NAME_FIX)
    return text


def _description(field: Field | None) -> str:
    if field is None:
        return ""
    text = text_of(field.node, "'description'").strip()
    if len(text) > MAX_DESCRIPTION:
        raise refused("'description' is too long", field.node.mark, "move it to a README")
    return text


def _trust(field: Field | None) -> str:
    if field is None:
        return ""
    text = word_of(field.node, "'trust'")
    placed(parse_policy, text, field.node.mark)
    return text


def _params(field: Field | None, places: Places) -> dict[str, JsonText | None]:
    found: dict[str, JsonText | None] = {}
    for name, each in named(field, "'params'", ("params",), places, MAX_TABLE):
        text = json_of(each.node)
        found[name] = None if text == "null" else text
    return found


def _inputs(field: Field | None, places: Places) -> dict[str, InputSource]:
    return {
        name: read_input(each.node, f"input '{name}'")
        for name, each in named(field, "'inputs'", ("inputs",), places, MAX_TABLE)
    }


def _environments(field: Field | None, places: Places) -> dict[str, EnvironmentSource]:
    return {
        name: read_environment(each.node, f"environment '{name}'")
        for name, each in named(field, "'environments'", ("environments",), places, MAX_TABLE)
    }


def _steps(fields: dict[str, Field], places: Places) -> dict[str, WorkflowStep]:
    given = fields.get("defaults")
    defaults = check_defaults(given.node) if given else MapNode({}, fields["steps"].key_mark)
    steps = {}
    left = MAX_SHARED
    for name, field in named(fields["steps"], "'steps'", ("steps",), places, MAX_TABLE):
        places.marks[("steps", name)] = field.key_mark
        if name in RESERVED_STEPS:
            fix = f"'{name}.' begins a reference already: give it another name"
            raise refused(f"a step cannot be called '{name}'", field.key_mark, fix)
        steps[name] = read_step(name, field.node, defaults, places)
        left -= _length(steps[name])
        if left < 0:
            fix = "keep long values in files, and what a step does not need out of 'defaults'"
            raise refused("the 'env' and 'needs' of all steps are too long", field.key_mark, fix)
    if not steps:
        raise refused("the workflow has no steps", fields["steps"].key_mark, "add one")
    return steps


def _length(step: WorkflowStep) -> int:
    return sum(map(len, (*step.variables, *step.variables.values(), *step.needs)))


def _outputs(field: Field | None, steps: dict[str, WorkflowStep], places: Places) -> dict[str, str]:
    if field is None:
        return default_outputs(steps)
    found = {}
    for name, each in named(field, "'outputs'", ("outputs",), places, MAX_TABLE):
        text = text_of(each.node, f"output '{name}'")
        reference = placed(parse_reference, text, each.node.mark)
        if not isinstance(reference, OutputRef) or reference.entries:
            fix = "write STEP.OUTPUT, STEP[*].OUTPUT or STEP[0].OUTPUT"
            raise refused(f"'{reference}' is not an output of a step", each.node.mark, fix)
        step = steps.get(reference.step)
        found[name] = gathered(reference) if step and step.scatter else str(reference)
    return found


def gathered(reference: OutputRef) -> str:
    """Return the reference to all instances of a scattered step, however it was written."""
    if reference.pick is not None:
        return str(reference)
    return str(OutputRef(reference.step, reference.output, reference.path, "all", False))


def _of_record_size(workflow: Workflow, node: Node) -> Workflow:
    try:
        record_of(workflow).encode(workflow)
    except Refused as error:
        fix = "split the workflow, or move data from it to files"
        raise refused(f"the workflow is too long: {error.what}", node.mark, fix) from None
    return workflow
