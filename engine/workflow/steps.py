"""Steps: the `steps` of a workflow file, from nodes to records, defaults applied. Pure."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from engine.errors import Refused
from engine.workflow.comparators import NOW, WAS
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
from engine.workflow.model import Axis, Comparator, OutputFile, Resources, WorkflowStep
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
DEFAULT_KEYS: Final = ("environment", "needs", "resources", "retries", "env", "cache", "when")
STEP_KEYS: Final = (*NOT_DEFAULTS, *DEFAULT_KEYS)
COMPARE_KEYS: Final = ("run", "environment", "inputs", "resources")
_MERGED: Final = ("resources", "env")  # a step's own keys go over those of the defaults
_REQUIRED: Final = {
    "run": "add 'run', the command it runs",
    "environment": "add 'environment', the name of an environment, here or in 'defaults'",
}

MAX_RETRIES: Final = 100  # a step that fails as often will not succeed
MAX_NAMES: Final = 1_000  # inputs, outputs or needs of one step
MAX_VARIABLES: Final = 256  # of one step; `defaults` gives them to every step
MAX_AXES: Final = 8  # names in one scatter
MAX_SCRIPT: Final = 512 * 1024  # bytes of one `run`; a longer program is a file, and an input


def check_defaults(node: Node) -> MapNode:
    """Return the `defaults` map. Its values are read with each step, and here for their form.

    Raises: Refused for a key that cannot have a default, or a value that no step could have.
    """
    table = map_of(node, "'defaults'")
    for key, field in table.fields.items():
        if key in NOT_DEFAULTS:
            raise refused(f"'{key}' cannot be a default", field.key_mark, "write it in each step")
    fields = map_of(node, "'defaults'", DEFAULT_KEYS).fields
    _Reader("'defaults'", ("defaults",), fields, Places({})).check()
    return table


def read_step(name: str, node: Node, defaults: MapNode, places: Places) -> WorkflowStep:
    """Read one step and mark its parts.

    Raises: Refused, with the place.
    """
    fields = _with_defaults(map_of(node, f"step '{name}'", STEP_KEYS).fields, defaults.fields)
    for key, fix in _REQUIRED.items():
        if key not in fields:
            raise refused(f"step '{name}' has no '{key}'", node.mark, fix)
    return _Reader(f"step '{name}'", ("steps", name), fields, places).step()


def _with_defaults(own: dict[str, Field], defaults: dict[str, Field]) -> dict[str, Field]:
    merged = {**defaults, **own}
    for key in _MERGED:
        if key in own and key in defaults:
            theirs, ours = defaults[key].node, own[key].node
            if isinstance(theirs, MapNode) and isinstance(ours, MapNode):
                both = MapNode({**theirs.fields, **ours.fields}, ours.mark)
                merged[key] = Field(own[key].key_mark, both)
    return merged


class _Reader:
    """Reads the fields of one step, or of the defaults."""

    def __init__(self, what: str, part: Part, fields: dict[str, Field], places: Places) -> None:
        self._what = what
        self._part = part
        self._fields = fields
        self._places = places
        for key, field in fields.items():
            places.marks[(*self._part, key)] = field.node.mark

    def step(self) -> WorkflowStep:
        """Return the whole step."""
        command, script = self._run(self._fields["run"].node)
        return WorkflowStep(
            environment=self._environment(),
            command=command,
            script=script,
            inputs={name: self._input(name, each.node) for name, each in self._named("inputs")},
            outputs=self._outputs(),
            scatter=self._scatter(),
            needs=self._needs(),
            resources=self._resources(),
            retries=self._retries(),
            variables=self._variables(),
            reusable=self._reusable(),
            condition=self._condition(),
        )

    def check(self) -> None:
        """Read what a default may be.

        Raises: Refused for what no step could have.
        """
        if "environment" in self._fields:
            self._environment()
        self._needs()
        self._resources()
        self._retries()
        self._variables()
        self._reusable()
        self._condition()

    def _environment(self) -> str:
        return text_of(self._fields["environment"].node, self._of("environment"))

    def _of(self, key: str) -> str:
        return f"'{key}' of {self._what}"

    def _named(self, key: str, most: int = MAX_NAMES) -> Iterator[tuple[str, Field]]:
        part = (*self._part, key)
        return named(self._fields.get(key), self._of(key), part, self._places, most)

    def _run(self, node: Node) -> tuple[tuple[str, ...], str]:
        """Return the list, or the text, of `run`; what its placeholders name is checked later."""
        if isinstance(node, ListNode):
            return self._command(node), ""
        script = text_of(node, self._of("run"))
        if not script.strip() or len(script.encode()) > MAX_SCRIPT:
            fix = "write a command; a long program is a file, and an input"
            raise refused(f"{self._of('run')} is empty or too long", node.mark, fix)
        placed(parse_template, script, node.mark)
        return (), script

    def _command(self, node: ListNode) -> tuple[str, ...]:
        items = tuple(word_of(item, f"an item of {self._of('run')}") for item in node.items)
        for index, (text, item) in enumerate(zip(items, node.items, strict=True)):
            placed(parse_template, text, item.mark)
            self._places.marks[(*self._part, "run", str(index))] = item.mark
        if not items or not items[0] or sum(len(item.encode()) for item in items) > MAX_SCRIPT:
            fix = "begin with a program, as [python, x.py]; a long text is a file, and an input"
            raise refused(f"{self._of('run')} is empty or too long", node.mark, fix)
        return items

    def _input(self, name: str, node: Node) -> str:
        text = text_of(node, f"input '{name}' of {self._what}")
        reference = placed(parse_reference, text, node.mark)
        if isinstance(reference, ParamRef):
            fix = f"write {{params.{reference.name}}} in 'run'"
            raise refused("a param is not a file", node.mark, fix)
        if isinstance(reference, OutputRef) and reference.entries:
            fix = "write it in 'scatter', or leave out '/*' for the whole directory"
            raise refused("'/*' in an input", node.mark, fix)
        return str(reference)

    def _outputs(self) -> dict[str, OutputFile]:
        return {
            name: read_output(
                each.node, f"output '{name}' of {self._what}", partial(self._comparator, name)
            )
            for name, each in self._named("outputs")
        }

    def _comparator(self, output: str, node: Node) -> Comparator:
        what = f"'compare' of output '{output}' of {self._what}"
        fields = map_of(node, what, COMPARE_KEYS).fields
        if "run" not in fields:
            raise refused(f"{what} has no 'run'", node.mark, _REQUIRED["run"])
        part = (*self._part, "outputs", output, "compare")
        return _Reader(what, part, fields, self._places).comparator(self._environment)

    def comparator(self, environment: Callable[[], str]) -> Comparator:
        """Return what compares an output; in the step's own environment unless it names one."""
        command, script = self._run(self._fields["run"].node)
        named_one = "environment" in self._fields
        return Comparator(
            environment=self._environment() if named_one else environment(),
            command=command,
            script=script,
            inputs={name: self._workflow_input(name, one) for name, one in self._named("inputs")},
            resources=self._resources(),
        )

    def _workflow_input(self, name: str, field: Field) -> str:
        if name in (WAS, NOW):
            fix = "give it another name: these are the two outputs"
            raise refused(f"an input of {self._what} is called '{name}'", field.key_mark, fix)
        text = self._input(name, field.node)
        if not text.startswith("inputs."):
            fix = "write inputs.NAME: it is given inputs of the workflow, and the two outputs"
            raise refused(f"{self._what} reads a step", field.node.mark, fix)
        return text

    def _scatter(self) -> tuple[Axis, ...]:
        axes = tuple(
            Axis(name, self._axis(name, each.node))
            for name, each in self._named("scatter", MAX_AXES)
        )
        field = self._fields.get("scatter")
        if field and not axes:
            fix = "add one, or remove it"
            raise refused(f"{self._of('scatter')} has no name", field.key_mark, fix)
        return axes

    def _axis(self, name: str, node: Node) -> str:
        if isinstance(node, ListNode):
            return json_of(node)
        fix = "write a list, params.NAME or STEP.OUTPUT/*"
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            what = f"'{name}' of the scatter of {self._what} is not a list or a reference"
            raise refused(what, node.mark, fix)
        found = placed(parse_reference, node.value, node.mark)
        if isinstance(found, ParamRef) or (isinstance(found, OutputRef) and found.entries):
            return str(found)
        raise refused(f"'{found}' cannot be scattered over", node.mark, fix)

    def _needs(self) -> tuple[str, ...]:
        if (field := self._fields.get("needs")) is None:
            return ()
        nodes = list_of(field.node, self._of("needs"))
        if len(nodes) > MAX_NAMES:
            raise refused(f"more than {MAX_NAMES} needs", field.key_mark, "name fewer")
        names = {text_of(item, f"a need of {self._what}"): item.mark for item in nodes}
        for name, mark in names.items():
            self._places.marks[(*self._part, "needs", name)] = mark
        return tuple(sorted(names))

    def _resources(self) -> Resources:
        field = self._fields.get("resources")
        return read_resources(field.node, self._what) if field else Resources()

    def _retries(self) -> int:
        field = self._fields.get("retries")
        return whole_of(field.node, self._of("retries"), 0, MAX_RETRIES) if field else 0

    def _variables(self) -> dict[str, str]:
        if (field := self._fields.get("env")) is None:
            return {}
        table = map_of(field.node, self._of("env")).fields
        if len(table) > MAX_VARIABLES:
            raise refused(f"more than {MAX_VARIABLES} variables", field.key_mark, "use a file")
        return {name: self._variable(name, each) for name, each in table.items()}

    def _variable(self, name: str, field: Field) -> str:
        if not is_name(name, VARIABLE):
            raise refused(f"not a variable name: {name[:80]!r}", field.key_mark, VARIABLE_FIX)
        text = word_of(field.node, f"variable {name} of {self._what}")
        placed(parse_template, text, field.node.mark)
        self._places.marks[(*self._part, "env", name)] = field.node.mark
        return text

    def _reusable(self) -> bool:
        field = self._fields.get("cache")
        return truth_of(field.node, self._of("cache")) if field else True

    def _condition(self) -> str | None:
        if (field := self._fields.get("when")) is None:
            return None
        text = text_of(field.node, self._of("when"))
        try:
            reference = parse_reference(text)
        except Refused:
            reference = None
        if isinstance(reference, ParamRef):
            return reference.name
        raise refused(f"{self._of('when')} is not a param", field.node.mark, "write params.NAME")
