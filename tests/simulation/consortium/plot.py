"""Plot: who gained what, as an SVG file: each person a dot, by what it gave and what it got."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from tests.simulation.consortium.person import (
    BOTH,
    CHEATS,
    CONSUMES,
    HOUR_MS,
    NEWCOMER,
    PROVIDES,
    RIDES,
)
from tests.simulation.consortium.standings import Standing

SIDE, MARGIN = 480, 60
COLOURS = {
    PROVIDES: "#1b7837",
    BOTH: "#2166ac",
    CONSUMES: "#7b3294",
    NEWCOMER: "#4d4d4d",
    RIDES: "#b2182b",
    CHEATS: "#ef8a62",
}


def drawn(standings: Sequence[Standing]) -> str:
    """Return the file; who is on the line got as much as it gave."""
    most = max([HOUR_MS, *(max(one.supplied_ms, one.consumed_ms) for one in standings)])
    size = str(SIDE + 2 * MARGIN)
    root = Element("svg", xmlns="http://www.w3.org/2000/svg", width=size, height=size)
    SubElement(root, "rect", width=size, height=size, fill="white")
    _frame(root, most)
    for one in standings:
        x, y = _at(one.supplied_ms, most), SIDE + 2 * MARGIN - _at(one.consumed_ms, most)
        about = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "4", "fill": COLOURS[one.kind]}
        SubElement(root, "circle", about, opacity="0.7")
    for row, (kind, colour) in enumerate(COLOURS.items()):
        y = str(MARGIN + 20 + 18 * row)
        SubElement(root, "circle", cx=str(MARGIN + 14), cy=y, r="5", fill=colour)
        _text(root, MARGIN + 26, int(y) + 4, kind)
    return tostring(root, encoding="unicode") + "\n"


def _frame(root: Element, most: int) -> None:
    low, high = str(MARGIN), str(MARGIN + SIDE)
    about = {"x": low, "y": low, "width": str(SIDE), "height": str(SIDE)}
    SubElement(root, "rect", about, fill="none", stroke="black")
    line = {"x1": low, "y1": high, "x2": high, "y2": low, "stroke": "#999999"}
    SubElement(root, "line", {**line, "stroke-dasharray": "4"})
    _text(root, MARGIN, MARGIN + SIDE + 24, f"core-hours given: 0 to {most / HOUR_MS:.0f}")
    _text(
        root, MARGIN, MARGIN - 14, "core-hours got, on the same scale; the line: as many as given"
    )


def _at(value_ms: int, most: int) -> float:
    return MARGIN + SIDE * value_ms / most


def _text(root: Element, x: int, y: int, text: str) -> None:
    about = {"x": str(x), "y": str(y), "font-family": "sans-serif", "font-size": "13"}
    SubElement(root, "text", about).text = text
