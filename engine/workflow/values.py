"""Values of params: scalars or JSON, kept as one compact JSON text. Pure.

Records hold no floats, so a value is its text from the moment it is read: keys sorted, numbers with
a fraction in their shortest round-trip form. The text goes through the canonical encoder as text.

>>> to_json({"b": 0.000001, "a": [1, True]})
'{"a":[1,true],"b":1e-06}'
"""

import json
import re
from functools import lru_cache
from typing import Any, Final, TypeAlias

from engine.errors import Refused
from engine.workflow.nodes import ListNode, MapNode, Mark, Node, from_data

JsonText: TypeAlias = str  # compact JSON, as `to_json` gives it

# Characters that JSON holds as they are and YAML does not, or takes for the end of a line.
_NOT_IN_YAML: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

_NESTED: Final = re.compile(r'["\[{]')  # where an item may have a comma of its own

_ENCODER: Final = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
)

MAX_VALUE: Final = 768 * 1024  # bytes of one param: 100 000 seeds, in a record of at most 1 MiB


def to_json(value: object) -> JsonText:
    """Return plain data as its one JSON text, which means the same as YAML."""
    text = _ENCODER.encode(value)
    if text.isascii() and text.isprintable():  # nearly all values: each item of a list is made here
        return text
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def data_of(node: Node) -> Any:  # noqa: ANN401 - JSON has no static type
    """Return a node as plain data."""
    if isinstance(node, ListNode):
        return [data_of(item) for item in node.items]
    if isinstance(node, MapNode):
        return {key: data_of(field.node) for key, field in node.fields.items()}
    return node.value


def json_of(node: Node) -> JsonText:
    """Return a node as JSON text.

    Raises: Refused when it is too long.
    """
    text = to_json(data_of(node))
    if len(text.encode()) > MAX_VALUE:
        raise Refused(
            f"a value of more than {MAX_VALUE} bytes",
            where=str(node.mark),
            fix="keep it in a file and make that an input",
        )
    return text


def read_value(text: str, where: str) -> JsonText:
    """Return a value written as YAML, as in `-p name=value`.

    Raises: Refused when it is not plain YAML 1.2.
    """
    return json_of(_from_json(text, where) or _from_yaml(text, where))


def _from_yaml(text: str, where: str) -> Node:
    from engine.workflow.yaml_source import compose  # most values are JSON

    return compose(text, where)


def _from_json(text: str, where: str) -> Node | None:
    """Return what a JSON text says, or None for one that is to be read as YAML.

    JSON is YAML, so this changes no meaning. But it reads 100 000 seeds in a moment, and what YAML
    cannot: long keys, and characters in two halves.
    """
    try:
        data = json.loads(text, object_pairs_hook=_pairs, parse_constant=_not_json)
    except (ValueError, RecursionError):
        return None
    return from_data(data, Mark(where, 1, 1))


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _not_json(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def in_command(value: JsonText) -> str:
    """Return what a value is in a command: text as it is, everything else as its JSON."""
    return str(json.loads(value)) if value.startswith('"') else value


@lru_cache(maxsize=16)  # a scatter is counted, bound and resolved: its items are made once
def items_of(value: JsonText) -> tuple[JsonText, ...] | None:
    """Return the items of a list, or None when the value is no list."""
    if not value.startswith("["):
        return None
    if not _NESTED.search(value, 1):  # numbers and words: written one after another
        return tuple(value[1:-1].split(",")) if len(value) > 2 else ()
    return tuple(to_json(item) for item in json.loads(value))
