"""Labels: what is written in a node. Pure."""

from typing import Final

from engine.picture.graph import STATES, Node

LONGEST: Final = 28  # characters of a name that is drawn; all of it is in the node's title

_TIMES: Final = "\N{MULTIPLICATION SIGN}"
_TAIL: Final = 9  # of these, kept from the end: names that begin alike often end apart


def shortened(name: str) -> str:
    """Return a name as it is drawn, the middle left out of a long one."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - _TAIL - 1]}…{name[-_TAIL:]}"


def instances_of(node: Node) -> str:
    """Return how many instances a scattered step has, as "x 3"; "" for one that is not."""
    if not node.scattered:
        return ""
    return f"{_TIMES} ?" if node.count is None else f"{_TIMES} {grouped(node.count)}"


def note_of(node: Node) -> str:
    """Return the second line of a node: what became of it or, when nothing did, what it is."""
    if node.states:
        return " · ".join(_state(node, state) for state in STATES if node.states.get(state))
    condition = f"when {node.condition}" if node.condition else ""
    return " · ".join(part for part in (node.environment, condition) if part)


def _state(node: Node, state: str) -> str:
    word = "not ended" if state == "pending" else state
    counted = node.scattered and node.count is not None
    return f"{grouped(node.states[state])} {word}" if counted else word


def grouped(number: int) -> str:
    """Return a number with its digits in threes, as "10 000"."""
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")
