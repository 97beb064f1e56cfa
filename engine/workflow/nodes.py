"""Nodes: what a workflow file says, with where it says it. Pure.

Both a YAML file and the Python builder become these nodes, so the rules of the format are
written once. A Mark counts lines and columns from 1, as editors do.
"""

from typing import Final, NamedTuple

from engine.errors import Refused
from engine.workflow.yaml_scalars import finite, in_range, whole

MAX_DEPTH: Final = 32  # lists and maps inside one another; the format itself needs 6


class Mark(NamedTuple):
    """A place in a file. They come in the order of a file."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Scalar(NamedTuple):
    """One value. `written` is its text in the file, before it was read as a number or a word."""

    value: str | int | float | bool | None
    written: str
    mark: Mark


class ListNode(NamedTuple):
    """Values in order."""

    items: "tuple[Node, ...]"
    mark: Mark


class Field(NamedTuple):
    """A value in a map and where its key is."""

    key_mark: Mark
    node: "Node"


class MapNode(NamedTuple):
    """Fields by key, in the order written; keys are text and each is there once."""

    fields: dict[str, Field]
    mark: Mark


Node = Scalar | ListNode | MapNode


def from_data(value: object, mark: Mark, depth: int = 0) -> Node:
    """Return plain Python data as nodes that are all at `mark`.

    Raises: Refused for anything that a workflow file could not say.
    """
    if depth > MAX_DEPTH:
        raise Refused(f"nested more than {MAX_DEPTH} deep", where=str(mark), fix="make it flatter")
    if isinstance(value, str | int | float | bool | None):
        return _scalar(value, mark)
    if isinstance(value, list | tuple):
        return ListNode(tuple(from_data(item, mark, depth + 1) for item in value), mark)
    if isinstance(value, dict):
        return MapNode(
            {
                _key(key, mark): Field(mark, from_data(item, mark, depth + 1))
                for key, item in value.items()
            },
            mark,
        )
    raise Refused(
        f"a workflow cannot hold a Python {type(value).__name__}",
        where=str(mark),
        fix="give text, numbers, true or false, lists and dicts of them",
    )


def _scalar(value: str | int | float | bool | None, mark: Mark) -> Scalar:
    try:
        if isinstance(value, str):
            whole(value)
        elif isinstance(value, float):
            finite(value, str(value))
        elif isinstance(value, int):  # a bool is 0 or 1, and passes
            in_range(value)
    except Refused as error:
        raise Refused(error.what, where=str(mark), fix=error.fix) from None
    return Scalar(value, "" if value is None else str(value), mark)


def _key(key: object, mark: Mark) -> str:
    if isinstance(key, str) and _scalar(key, mark):
        return key
    raise Refused(f"a key must be text, not {key!r}", where=str(mark), fix="write it as text")
