"""Steps: the `steps` of a workflow file, from nodes to records, defaults applied. Pure."""

from typing import Final

from engine.errors import Refused
from engine.workflow.fields import (
    list_of,
    map_of,
    placed,
    refused,
    text_of,
    truth_of,
    whole_of,
    word_of,
)
from engine.workflow.model import Axis, OutputFile, Resources, WorkflowStep
from engine.workflow.names import VARIABLE, VARIABLE_FIX, is_name
from engine.workflow.nodes import Field, ListNode, MapNode, Node, Scalar
from engine.workflow.outputs import read_output
from engine.workflow.placeholders import parse_template
from engine.workflow.places import Part, Places
from engine.workflow.references import OutputRef, ParamRef, parse_reference
from engine.workflow.resources import read_resources
from engine.workflow.tables import named
from engine.workflow.values import json_of

NOT_DEFAULTS: Final = ("run", "inputs", "outputs", "scatter")
DEFAULT_KEYS: Final = (
    "environment", "needs", "resources", "retries", "env", "cache", "when",
)  # fmt: skip
STEP_KEYS: Final = (*NOT_DEFAULTS, *DEFAULT_KEYS)
_MERGED: Final = ("resources", "env")  # a step's own keys go over those of the defaults

MAX_RETRIES: Final = 100  # a step that fails as often will not succeed
MAX_NAMES: Final = 1_000  # inputs, outputs or needs of one step
MAX_VARIABLES: Final = 256  # of one step; `defaults` gives them to every step
MAX_AXES: Final = 8  # names in one scatter
MAX_SCRIPT: Final = 512 * 1024  # bytes of one `run`; a longer program is a file, and an input


def check_defaults(node: Node) -> MapNode:
    """Return the `defaults` map, whose values are read with each step.

    Raises: Refused for a key that cannot have a default.
    """
    table = map_of(node, "'defaults'")
    for key, field in table.fields.items():
        if key in NOT_DEFAULTS:
            raise refused(f"'{key}' cannot be a default", field.key_mark, "write it in each step")
    return map_of(node, "'defaults'", DEFAULT_KEYS)


def read_step(name: str, node: Node, defaults: MapNode, places: Places) -> WorkflowStep:
    """Read one step and mark its parts.

    Raises: Refused, with the place.
    """
    what, part = f"step '{name}'", ("steps", name)
    own = map_of(node, what, STEP_KEYS).fields
    fields = _with_defaults(own, defaults.fields)
    for key, field in fields.items():
        places.marks[(*part, key)] = field.node.mark if key != "scatter" else field.key_mark
    for key in ("run", "environment"):
        if key not in fields:
            raise refused(f"{what} has no '{key}'", node.mark, f"add '{key}', {_FOR[key]}")
    command, script = _run(fields["run"].node, what, (*part, "run"), places)
    return WorkflowStep(
        environment=text_of(fields["environment"].node, f"'environment' of {what}"),
        command=command,
        script=script,
        inputs=_inputs(fields.get("inputs"), what, (*part, "inputs"), places),
        outputs=_outputs(fields.get("outputs"), what, (*part, "outputs"), places),
        scatter=_scatter(fields.get("scatter"), what, (*part, "scatter"), places),
        needs=_needs(fields.get("needs"), what, (*part, "needs"), places),
        resources=read_resources(fields["resources"].node, what)
        if "resources" in fields
        else Resources(),
        retries=whole_of(fields["retries"].node, f"'retries' of {what}", 0, MAX_RETRIES)
        if "retries" in fields
        else 0,
        variables=_variables(fields.get("env"), what, (*part, "env"), places),
        reusable=truth_of(fields["cache"].node, f"'cache' of {what}")
        if "cache" in fields
        else True,
        condition=_condition(fields["when"].node, what) if "when" in fields else None,
    )


_FOR: Final = {
    "run": "the command it runs",
    "environment": "the name of an environment, here or in 'defaults'",
}


def _with_defaults(own: dict[str, Field], defaults: dict[str, Field]) -> dict[str, Field]:
    merged = {**defaults, **own}
    for key in _MERGED:
        if key in own and key in defaults:
            theirs, ours = defaults[key].node, own[key].node
            if isinstance(theirs, MapNode) and isinstance(ours, MapNode):
                both = MapNode({**theirs.fields, **ours.fields}, ours.mark)
                merged[key] = Field(own[key].key_mark, both)
    return merged


def _run(node: Node, what: str, part: Part, places: Places) -> tuple[tuple[str, ...], str]:
    """Return the list, or the text, of `run`; its templates are read by check.py."""
    if not isinstance(node, ListNode):
        script = text_of(node, f"'run' of {what}")
        if not script.strip() or len(script.encode()) > MAX_SCRIPT:
            fix = "write a command; a long program is a file, and an input"
            raise refused(f"'run' of {what} is empty or too long", node.mark, fix)
        placed(parse_template, script, node.mark)
        return (), script
    items = tuple(word_of(item, f"an item of 'run' of {what}") for item in node.items)
    for index, (text, item) in enumerate(zip(items, node.items, strict=True)):
        placed(parse_template, text, item.mark)
        places.marks[(*part, str(index))] = item.mark
    if not items or not items[0] or sum(len(item.encode()) for item in items) > MAX_SCRIPT:
        fix = "begin with a program, as [python, x.py]; a long text is a file, and an input"
        raise refused(f"'run' of {what} is empty or too long", node.mark, fix)
    return items, ""


def _inputs(field: Field | None, what: str, part: Part, places: Places) -> dict[str, str]:
    found = {}
    for name, each in named(field, f"'inputs' of {what}", part, places, MAX_NAMES):
        text = text_of(each.node, f"input '{name}' of {what}")
        reference = placed(parse_reference, text, each.node.mark)
        if isinstance(reference, ParamRef):
            fix = f"write {{params.{reference.name}}} in 'run'"
            raise refused("a param is not a file", each.node.mark, fix)
        if isinstance(reference, OutputRef) and reference.entries:
            fix = "write it in 'scatter', or leave out '/*' for the whole directory"
            raise refused("'/*' in an input", each.node.mark, fix)
        found[name] = str(reference)
    return found


def _outputs(field: Field | None, what: str, part: Part, places: Places) -> dict[str, OutputFile]:
    return {
        name: read_output(each.node, f"output '{name}' of {what}")
        for name, each in named(field, f"'outputs' of {what}", part, places, MAX_NAMES)
    }


def _scatter(field: Field | None, what: str, part: Part, places: Places) -> tuple[Axis, ...]:
    if field is None:
        return ()
    axes = tuple(
        Axis(name, _axis(each.node, f"'{name}' of the scatter of {what}"))
        for name, each in named(field, f"'scatter' of {what}", part, places, MAX_AXES)
    )
    if not axes:
        raise refused(f"'scatter' of {what} has no name", field.key_mark, "add one, or remove it")
    return axes


def _axis(node: Node, what: str) -> str:
    if isinstance(node, ListNode):
        return json_of(node)
    fix = "write a list, params.NAME or STEP.OUTPUT/*"
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        raise refused(f"{what} is not a list or a reference", node.mark, fix)
    reference = placed(parse_reference, node.value, node.mark)
    if isinstance(reference, ParamRef) or (isinstance(reference, OutputRef) and reference.entries):
        return str(reference)
    raise refused(f"'{reference}' cannot be scattered over", node.mark, fix)


def _needs(field: Field | None, what: str, part: Part, places: Places) -> tuple[str, ...]:
    if field is None:
        return ()
    nodes = list_of(field.node, f"'needs' of {what}")
    if len(nodes) > MAX_NAMES:
        raise refused(f"more than {MAX_NAMES} needs", field.key_mark, "name fewer")
    names = {text_of(item, f"a need of {what}"): item.mark for item in nodes}
    for name, mark in names.items():
        places.marks[(*part, name)] = mark
    return tuple(sorted(names))


def _variables(field: Field | None, what: str, part: Part, places: Places) -> dict[str, str]:
    table = map_of(field.node, f"'env' of {what}").fields if field else {}
    if field and len(table) > MAX_VARIABLES:
        raise refused(f"more than {MAX_VARIABLES} variables", field.key_mark, "use a file")
    found = {}
    for name, each in table.items():
        if not is_name(name, VARIABLE):
            raise refused(f"not a variable name: {name[:80]!r}", each.key_mark, VARIABLE_FIX)
        found[name] = word_of(each.node, f"variable {name} of {what}")
        placed(parse_template, found[name], each.node.mark)
        places.marks[(*part, name)] = each.node.mark
    return found


def _condition(node: Node, what: str) -> str:
    text = text_of(node, f"'when' of {what}")
    try:
        reference = parse_reference(text)
    except Refused:
        reference = None
    if isinstance(reference, ParamRef):
        return reference.name
    raise refused(f"'when' of {what} is not a param", node.mark, "write params.NAME")
