"""DOT: a picture for Graphviz, which lays it out itself. Pure."""

from typing import Final

from engine.picture.graph import Edge, Node, Picture
from engine.picture.labels import instances_of, note_of

_FILL: Final = {"failed": "#ffd7d5", "pending": "#f6f8fa"}
_STYLES: Final = {"data": "", "gather": " [penwidth=2.4]", "order": " [style=dashed]"}


def to_dot(picture: Picture) -> str:
    """Return a DOT file."""
    lines = [
        f"digraph {_quoted(picture.title)} {{",
        '  node [shape=box, style="rounded,filled", fillcolor=white, fontname=monospace];',
        *(_node(node) for node in picture.nodes),
        *(_edge(edge) for edge in picture.edges),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _node(node: Node) -> str:
    label = f"{node.step} {instances_of(node)}".strip()
    lines = [part for part in (label, note_of(node)) if part]
    fill = next((_FILL[state] for state in _FILL if node.states.get(state)), "")
    more = f", fillcolor={_quoted(fill)}" if fill else ""
    return f"  {_quoted(node.step)} [label={_quoted(*lines)}{more}];"


def _edge(edge: Edge) -> str:
    return f"  {_quoted(edge.producer)} -> {_quoted(edge.consumer)}{_STYLES[edge.kind]};"


def _quoted(*lines: str) -> str:
    r"""Return text as DOT quotes it; a line ends in \n, and no other escape is left in it."""
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(" ".join(line.splitlines()) for line in escaped) + '"'
