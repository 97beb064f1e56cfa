"""Fields: a node read as what the format expects there, or refused with its place. Pure."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from engine.errors import Refused
from engine.workflow.names import did_you_mean
from engine.workflow.nodes import ListNode, MapNode, Mark, Node, Scalar

T = TypeVar("T")


def refused(what: str, mark: Mark, fix: str) -> Refused:
    """Return the error for something at `mark`."""
    return Refused(what, where=str(mark), fix=fix)


def placed(read: Callable[[str], T], text: str, mark: Mark) -> T:
    """Return `read(text)`.

    Raises: Refused, as `read` does, with the place.
    """
    try:
        return read(text)
    except Refused as error:
        raise Refused(error.what, where=str(mark), fix=error.fix) from None


def map_of(node: Node, what: str, keys: Iterable[str] | None = None) -> MapNode:
    """Return a map, which has no keys but `keys`.

    Raises: Refused for anything else, with the nearest key.
    """
    if not isinstance(node, MapNode):
        raise refused(f"{what} must be a map, not {kind(node)}", node.mark, "write 'key: value'")
    if keys is not None:
        known = tuple(keys)
        for key, field in node.fields.items():
            if key not in known:
                fix = did_you_mean(key, known)
                raise refused(f"unknown key {key[:80]!r} in {what}", field.key_mark, fix)
    return node


def list_of(node: Node, what: str) -> tuple[Node, ...]:
    """Return the items of a list.

    Raises: Refused for anything else.
    """
    if isinstance(node, ListNode):
        return node.items
    raise refused(f"{what} must be a list, not {kind(node)}", node.mark, "write [a, b]")


def text_of(node: Node, what: str) -> str:
    """Return text.

    Raises: Refused for anything else.
    """
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        given = isinstance(node, Scalar) and node.value is not None
        fix = "write it in quotes" if given else "write one text"
        raise refused(f"{what} must be text, not {kind(node)}", node.mark, fix)
    return node.value


def word_of(node: Node, what: str) -> str:
    """Return text, or a number or truth value as its text.

    Raises: Refused for anything else, and for a whole number that would not look as written.
    """
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return "true" if node.value else "false"
    if isinstance(node, Scalar) and isinstance(node.value, int):
        if str(node.value) != node.written:
            fix = f"write '{node.written}' in quotes, or {node.value}"
            raise refused(f"{node.written} is the number {node.value}", node.mark, fix)
        return node.written
    if isinstance(node, Scalar) and isinstance(node.value, float):
        return repr(node.value)
    return text_of(node, what)


def whole_of(node: Node, what: str, least: int, most: int) -> int:
    """Return a whole number from `least` to `most`.

    Raises: Refused for anything else.
    """
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    shown = value if number else kind(node)
    fix = f"write a whole number from {least} to {most}"
    raise refused(f"{what} cannot be {shown}", node.mark, fix)


def truth_of(node: Node, what: str) -> bool:
    """Return true or false.

    Raises: Refused for anything else.
    """
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return node.value
    raise refused(
        f"{what} must be true or false, not {kind(node)}", node.mark, "write true or false"
    )


def kind(node: Node) -> str:
    """Return what a node is, in a reader's words."""
    if isinstance(node, MapNode):
        return "a map"
    if isinstance(node, ListNode):
        return "a list"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return f"'{node.written}' (a truth value)"
    return "text" if isinstance(node.value, str) else f"the number {node.written}"
