"""Mermaid: a picture as text that code hosts draw in a page. Pure.

Nodes are called n0, n1, …, since a step may have the name of a word of Mermaid (`end`); every
character of a label that is no letter, digit or harmless mark is written as its number.
"""

import re
from typing import Final

from engine.picture.graph import Node, Picture
from engine.picture.labels import instances_of, note_of

_ARROWS: Final = {"data": "-->", "gather": "==>", "order": "-.->"}
_SPECIAL: Final = re.compile("[^A-Za-z0-9 _.,\N{MULTIPLICATION SIGN}\N{MIDDLE DOT}-]")
_CLASSES: Final = {
    "failed": "fill:#ffd7d5,stroke:#d1242f,color:#1f2328",
    "ran": "fill:#dafbe1,stroke:#2da44e,color:#1f2328",
    "reused": "fill:#ddf4ff,stroke:#3b82d6,color:#1f2328",
}


def to_mermaid(picture: Picture) -> str:
    """Return a Mermaid flowchart."""
    number = {node.step: f"n{n}" for n, node in enumerate(picture.nodes)}
    lines = ["flowchart TD", *(f"  {number[node.step]}{_node(node)}" for node in picture.nodes)]
    for edge in picture.edges:
        arrow = _ARROWS[edge.kind]
        lines.append(f"  {number[edge.producer]} {arrow} {number[edge.consumer]}")
    for state, look in _CLASSES.items():
        if names := [number[node.step] for node in picture.nodes if _worst(node) == state]:
            lines += [f"  classDef {state} {look}", f"  class {','.join(names)} {state}"]
    return "\n".join(lines) + "\n"


def _node(node: Node) -> str:
    label = f"{node.step} {instances_of(node)}".strip()
    text = "<br>".join(_escaped(part) for part in (label, note_of(node)) if part)
    return f'[["{text}"]]' if node.scattered else f'["{text}"]'


def _worst(node: Node) -> str:
    return next((state for state in _CLASSES if node.states.get(state)), "")


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", " ".join(text.splitlines()))
