"""Builder: a workflow written in Python. It compiles to the same record as the YAML file.

    from engine.workflow.builder import Workflow

    digits = Workflow("digits", params={"seeds": [0, 1, 2]})
    digits.input("code", "./src")
    ml = digits.environment("ml", nix="../env/default.nix", attribute="env-numpy")
    train = digits.step(
        "train",
        environment=ml,
        scatter={"seed": "params.seeds"},
        inputs={"code": "inputs.code/train.py"},
        run="python {inputs.code} {scatter.seed} {outputs.model}",
        outputs={"model": "model.npz"},
    )
    digits.output("models", train["*"].model)

Every rule is that of the file, checked by the same code; an error names the line of the call. What
the file writes as text may be text here too, and a step gives references to its outputs.
"""

import sys
from types import FrameType

from engine.errors import Refused
from engine.values import dataclass
from engine.workflow import model
from engine.workflow.nodes import Field, MapNode, Mark, Node, Scalar, from_data
from engine.workflow.parse import read_workflow


@dataclass(frozen=True, slots=True)
class StepHandle:
    """A step, to refer to: `train.model`, `train["*"].model`, `train[0].model`."""

    _text: str

    def __getitem__(self, pick: int | str) -> "StepHandle":
        return StepHandle(f"{self._text}[{pick}]")

    def __getattr__(self, output: str) -> str:
        if output.startswith("_"):  # no output is called so: Python is asking
            raise AttributeError(output)
        return f"{self._text}.{output}"

    def output(self, name: str, path: str = "") -> str:
        """Return the reference to an output whose name is no Python name, or to a part of it."""
        return f"{self._text}.{name}" + (f"/{path}" if path else "")

    def __str__(self) -> str:
        return self._text


class Workflow:
    """A workflow in the making. One FILE.py defines one."""

    def __init__(
        self,
        name: str,
        *,
        description: str = "",
        trust: str = "",
        params: dict[str, object] | None = None,
        outputs: dict[str, str] | None = None,
    ) -> None:
        """Begin one. Without `outputs` and `output`, they are all that no step reads."""
        mark = _caller()
        self._mark = mark
        self._scalars: dict[str, Field] = {"workflow": Field(mark, from_data(name, mark))}
        self._tables: dict[str, dict[str, Field]] = {
            "params": {}, "inputs": {}, "environments": {}, "steps": {}, "outputs": {},
        }  # fmt: skip
        if description:
            self._scalars["description"] = Field(mark, from_data(description, mark))
        if trust:
            self._scalars["trust"] = Field(mark, from_data(trust, mark))
        for key, value in (params or {}).items():
            self._add("params", key, from_data(value, mark), mark)
        for key, reference in (outputs or {}).items():
            self._add("outputs", key, from_data(reference, mark), mark)
        self._given = {"steps"} if outputs is None else {"steps", "outputs"}

    def param(self, name: str, default: object = None) -> str:
        """Add a param, which must be given when it has no default; return its reference."""
        mark = _caller()
        self._add("params", name, from_data(default, mark), mark)
        return f"params.{name}"

    def input(self, name: str, path: str | None = None, **source: object) -> str:
        """Add an input by path, `cid` or `url` and `sha256`; return its reference."""
        mark = _caller()
        bare = path is not None and not source
        data = path if bare else {**({"path": path} if path is not None else {}), **source}
        self._add("inputs", name, from_data(data, mark), mark)
        return f"inputs.{name}"

    def environment(self, name: str, **source: object) -> str:
        """Add an environment, by the keys that it has in a file."""
        mark = _caller()
        self._add("environments", name, from_data(source, mark), mark)
        return name

    def defaults(self, **keys: object) -> None:
        """Set what steps have that do not say otherwise."""
        mark = _caller()
        self._scalars["defaults"] = Field(mark, from_data(_plain(keys), mark))

    def step(self, name: str, **keys: object) -> StepHandle:
        """Add a step, with the keys of the file; return what its outputs are called by."""
        mark = _caller()
        self._add("steps", name, from_data(_plain(keys), mark), mark)
        return StepHandle(name)

    def output(self, name: str, reference: str) -> None:
        """Name an output of the workflow."""
        mark = _caller()
        self._add("outputs", name, from_data(reference, mark), mark)

    def compile(self) -> model.Workflow:
        """Return the canonical record.

        Raises: Refused, with the line of the call, for anything that a file could not say.
        """
        fields = dict(self._scalars)
        for key, table in self._tables.items():
            if table or key in self._given:
                fields[key] = Field(self._mark, MapNode(table, self._mark))
        return read_workflow(MapNode(fields, self._mark))

    def _add(self, table: str, name: str, node: Node, mark: Mark) -> None:
        if name in self._tables[table]:
            first = self._tables[table][name].key_mark.line
            what = f"{name!r} is in '{table}' twice"
            raise Refused(what, where=str(mark), fix=f"it is already on line {first}; keep one")
        if isinstance(node, Scalar) and node.value is None:
            node = Scalar(None, "", mark)
        self._tables[table][name] = Field(mark, node)


def _plain(value: object) -> object:
    """Return data with step handles as their names, as `needs` takes them."""
    if isinstance(value, StepHandle):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _caller() -> Mark:
    """Return the line in the author's file that called into this one."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    if frame is None:
        return Mark("python", 1, 1)
    return Mark(frame.f_code.co_filename, frame.f_lineno, 1)
