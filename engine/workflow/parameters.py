"""Params: what the author left open, bound to values for one run. Pure."""

from collections.abc import Mapping

from engine.errors import Refused
from engine.values import dataclass
from engine.workflow.model import Workflow
from engine.workflow.names import did_you_mean
from engine.workflow.values import JsonText, read_value


@dataclass(frozen=True, slots=True)
class Params:
    """A value for every param of a workflow, as compact JSON text."""

    values: dict[str, JsonText]


def bind(workflow: Workflow, overrides: Mapping[str, str]) -> Params:
    """Return the params of a run: the defaults, and over them `overrides`, each written as YAML.

    Raises: Refused for a param that the workflow has not, is not given, or is not YAML.
    """
    values = bind_some(workflow, overrides)
    missing = sorted(name for name, value in values.items() if value is None)
    if missing:
        what = f"param '{missing[0]}' has no default and must be given"
        raise Refused(what, where=f"params.{missing[0]}", fix=f"add -p {missing[0]}=VALUE")
    return Params({name: value for name, value in values.items() if value is not None})


def bind_some(workflow: Workflow, overrides: Mapping[str, str]) -> dict[str, JsonText | None]:
    """Return what `bind` does, with None for a param that is not given.

    Raises: Refused for a param that the workflow has not, or is not YAML.
    """
    values = dict(workflow.parameters)
    for name, text in overrides.items():
        if name not in values:
            fix = did_you_mean(name, values, "" if values else "this workflow has no params")
            raise Refused(f"unknown param {name[:80]!r}", where=f"-p {name[:80]}", fix=fix)
        value = read_value(text, f"-p {name}")
        if value == "null":
            fix = f"write -p {name}=VALUE, or -p '{name}=\"\"' for empty text"
            raise Refused(f"param '{name}' is given nothing", where=f"-p {name}", fix=fix)
        values[name] = value
    return values
