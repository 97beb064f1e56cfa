"""SVG: a picture as an image that needs nothing else. Pure.

Made as a tree of elements and never as text, so that no label can become markup. The same elements
stand in a page, where the page has the style.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from engine.picture.bar import parts
from engine.picture.graph import Edge, Node, Picture
from engine.picture.labels import instances_of, note_of, shortened
from engine.picture.layout import Box, Layout, Point, lay_out
from engine.picture.style import SHEET

MARGIN: Final = 14.0

_NAME_WIDTH: Final = 7.9  # of a character of a name: 13 pixels of any monospaced font
_NOTE_WIDTH: Final = 6.7
_PADDING: Final = 14.0
_HEIGHT: Final = 50.0
_SHEET_OFFSET: Final = 4.0  # what a scattered step's second sheet shows of itself


def to_svg(picture: Picture) -> str:
    """Return an SVG file."""
    drawn = draw(picture)
    drawn.set("xmlns", "http://www.w3.org/2000/svg")
    style = Element("style")
    style.text = SHEET
    paper = Element("rect", {"class": "paper", "width": "100%", "height": "100%"})
    paper.attrib.update(x=_text(-MARGIN), y=_text(-MARGIN))
    drawn[1:1] = [style, paper]
    return tostring(drawn, encoding="unicode") + "\n"


def draw(picture: Picture) -> Element:
    """Return a picture as an element of a page that has the style."""
    number = {node.step: n for n, node in enumerate(picture.nodes)}
    links = [(number[edge.producer], number[edge.consumer]) for edge in picture.edges]
    layout = lay_out([_size(node) for node in picture.nodes], links)
    root = _root(picture, layout)
    for edge, link in zip(picture.edges, links, strict=True):
        _draw_edge(root, edge, layout.lines[link], across=layout.across)
    for node, box in zip(picture.nodes, layout.boxes, strict=True):
        _draw_node(root, node, box)
    return root


def _size(node: Node) -> tuple[float, float]:
    name = _NAME_WIDTH * len(_title(node))
    note = _NOTE_WIDTH * len(note_of(node))
    return max(name, note, 70.0) + 2 * _PADDING, _HEIGHT


def _title(node: Node) -> str:
    return f"{shortened(node.step)} {instances_of(node)}".strip()


def _root(picture: Picture, layout: Layout) -> Element:
    width, height = (_text(side + 2 * MARGIN) for side in (layout.width, layout.height))
    root = Element("svg", {"class": "graph", "width": width, "height": height})
    root.set("viewBox", f"{_text(-MARGIN)} {_text(-MARGIN)} {width} {height}")
    root.set("role", "img")
    label = f"The {len(picture.nodes)} steps of {picture.title} and what each waits for"
    root.set("aria-label", label)
    SubElement(root, "title").text = label
    size = {"markerWidth": "8", "markerHeight": "8", "markerUnits": "userSpaceOnUse"}
    tip = {"id": "tip", "viewBox": "0 0 8 8", "refX": "7.4", "refY": "4", "orient": "auto", **size}
    marker = SubElement(SubElement(root, "defs"), "marker", tip)
    SubElement(marker, "path", {"class": "tip", "d": "M0 0.6 8 4 0 7.4z"})
    return root


def _draw_edge(root: Element, edge: Edge, line: Sequence[Point], *, across: bool) -> None:
    path = SubElement(root, "path", {"class": f"edge {edge.kind}", "d": _path(line, across)})
    path.set("marker-end", "url(#tip)")
    reads = f"reads {', '.join(edge.reads)}" if edge.reads else f"comes after {edge.producer}"
    SubElement(path, "title").text = f"{edge.consumer} {reads}"


def _path(line: Sequence[Point], across: bool) -> str:
    """Return a line that turns between layers and goes straight through them."""
    parts = [f"M{_pair(line[0])}"]
    for at, (one, other) in enumerate(pairwise(line)):
        if at % 2:
            parts.append(f"L{_pair(other)}")
            continue
        half = (one.x + other.x) / 2 if across else (one.y + other.y) / 2
        first = Point(half, one.y) if across else Point(one.x, half)
        second = Point(half, other.y) if across else Point(other.x, half)
        parts.append(f"C{_pair(first)} {_pair(second)} {_pair(other)}")
    return "".join(parts)


def _draw_node(root: Element, node: Node, box: Box) -> None:
    classes = ["node"]
    classes += ["has-failed"] if node.states.get("failed") else []
    classes += ["conditional"] if node.condition else []
    group = SubElement(root, "g", {"class": " ".join(classes), "data-step": node.step})
    left, top = box.middle.x - box.width / 2, box.middle.y - box.height / 2
    SubElement(group, "title").text = f"{node.step}\n{note_of(node)}"
    if node.scattered:  # a second sheet behind the first: there are several
        _rect(group, "box", left + _SHEET_OFFSET, top + _SHEET_OFFSET, box.width, box.height, 7)
    _rect(group, "box", left, top, box.width, box.height, 7)
    _draw_text(group, "name", box.middle.x, top + 20, _title(node))
    _draw_text(group, "note", box.middle.x, top + 35, note_of(node))
    _draw_states(group, node, left + 9, top + box.height - 9, box.width - 18)


def _draw_states(group: Element, node: Node, left: float, top: float, width: float) -> None:
    for state, start, length in parts(node.states, width):
        _rect(group, state, left + start, top, length, 4, 0)


def _rect(
    group: Element, kind: str, left: float, top: float, width: float, height: float, radius: int
) -> None:
    sides = {"x": left, "y": top, "width": width, "height": height}
    rect = SubElement(group, "rect", {"class": kind})
    for name, value in sides.items():
        rect.set(name, _text(value))
    if radius:
        rect.set("rx", str(radius))


def _draw_text(group: Element, kind: str, x: float, y: float, text: str) -> None:
    SubElement(group, "text", {"class": kind, "x": _text(x), "y": _text(y)}).text = text


def _pair(point: Point) -> str:
    return f"{_text(point.x)} {_text(point.y)}"


def _text(value: float) -> str:
    """Return a coordinate, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")
