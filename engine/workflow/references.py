"""References: how one part of a workflow names another. Pure.

>>> parse_reference("train[*].model")
OutputRef(step='train', output='model', path='', pick='all', entries=False)
>>> str(parse_reference("inputs.code/./src/"))
'inputs.code/src'
"""

import re
from typing import Final, Literal, TypeAlias

from engine.errors import Refused
from engine.values import dataclass
from engine.workflow.names import NAME, is_name
from engine.workflow.paths import inside

MAX_REFERENCE: Final = 8_000  # characters; the longest path and two names are shorter

_FORM: Final = re.compile(
    rf"(?P<head>{NAME})(?P<pick>\[(?:\*|[0-9]{{1,7}})\])?\.(?P<name>{NAME})(?P<path>/.*)?",
    re.ASCII | re.DOTALL,
)
_FIX: Final = "write inputs.NAME, params.NAME, STEP.OUTPUT, STEP[*].OUTPUT or STEP[0].OUTPUT"


@dataclass(frozen=True, slots=True)
class InputRef:
    """An input of the workflow, or the part of it at `path`."""

    name: str
    path: str  # "" for all of it

    def __str__(self) -> str:
        return f"inputs.{self.name}" + _slash(self.path)


@dataclass(frozen=True, slots=True)
class ParamRef:
    """A param."""

    name: str

    def __str__(self) -> str:
        return f"params.{self.name}"


@dataclass(frozen=True, slots=True)
class OutputRef:
    """An output of a step, or the part of it at `path`.

    `pick` is None for a step that is not scattered or is matched item by item, "all" for `[*]`,
    or the number of one instance. `entries` means the entries of that directory (`/*`).
    """

    step: str
    output: str
    path: str  # "" for all of it
    pick: Literal["all"] | int | None
    entries: bool

    def __str__(self) -> str:
        pick = "" if self.pick is None else "[*]" if self.pick == "all" else f"[{self.pick}]"
        return f"{self.step}{pick}.{self.output}{_slash(self.path)}" + "/*" * self.entries


Reference: TypeAlias = InputRef | ParamRef | OutputRef


def _slash(path: str) -> str:
    return f"/{path}" if path else ""


def parse_reference(text: str) -> Reference:
    """Read a reference.

    Raises: Refused when it is none.
    """
    found = _FORM.fullmatch(text) if len(text) <= MAX_REFERENCE else None
    if found is None:
        raise Refused(f"not a reference: {text[:80]!r}", fix=_fix(text))
    head, pick, name = found["head"], found["pick"], found["name"]
    path, entries = _path(text, found["path"] or "")
    if head not in ("inputs", "params"):
        return OutputRef(head, name, path, _pick(text, pick), entries)
    if pick:
        raise Refused(f"{text[:80]!r}: only a step has instances", fix=f"write {head}.{name}")
    if entries:
        what = f"{text[:80]!r}: only the entries of a step's output can be scattered over"
        raise Refused(what, fix="copy it to an output of a step first")
    if head == "inputs":
        return InputRef(name, path)
    if path:
        raise Refused(f"{text[:80]!r}: a param has no path", fix=f"write params.{name}")
    return ParamRef(name)


def output_reference(text: str) -> OutputRef:
    """Read an output of a workflow, which has been checked: it names an output of a step."""
    found = parse_reference(text)
    if not isinstance(found, OutputRef):
        raise AssertionError(text)
    return found


def _fix(text: str) -> str:
    return f"did you mean inputs.{text}, params.{text} or STEP.{text}?" if is_name(text) else _FIX


def _path(text: str, path: str) -> tuple[str, bool]:
    """Return the path without its slash, and whether it ended in `/*`."""
    entries = path.endswith("/*")
    path = path.removesuffix("/*")
    if "*" in path:
        raise Refused(
            f"{text[:80]!r}: a reference takes no patterns",
            fix="name one path; only a scatter takes '/*'",
        )
    return (inside(path.lstrip("/")) if path else ""), entries


def _pick(text: str, pick: str | None) -> Literal["all"] | int | None:
    if pick is None:
        return None
    if pick == "[*]":
        return "all"
    number = pick[1:-1]
    if number != str(int(number)):
        raise Refused(f"{text[:80]!r}: {number} has a leading zero", fix=f"write {int(number)}")
    return int(number)
