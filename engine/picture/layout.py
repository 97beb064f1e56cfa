"""Layout: where each node of a picture stands, and the points that each line passes. Pure.

Layers go down the page while that fits a screen's width, and across it when the widest layer does
not: a chain is read from top to bottom, a fan of fifty from left to right.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.picture.layers import Layers, Link, layer
from engine.picture.ordering import order
from engine.picture.placing import GAP, place
from engine.values import dataclass

SCREEN: Final = 1_000.0  # a width that most windows have
_BETWEEN: Final = 46.0  # from one layer to the next, where lines turn
_BETWEEN_MOST: Final = 150.0  # where some line goes far aside: it is not to lie on its neighbours


class Point(NamedTuple):
    """A place in the picture, from its upper left corner."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node stands: its middle and its size."""

    middle: Point
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture's geometry."""

    across: bool  # layers go from left to right
    width: float
    height: float
    boxes: tuple[Box, ...]  # in the order of the nodes
    lines: dict[Link, tuple[Point, ...]]  # pairs of points: a turn from one to the other, then
    # straight through the next layer to the first of the next pair


def lay_out(sizes: Sequence[tuple[float, float]], links: Sequence[Link]) -> Layout:
    """Return where nodes of these widths and heights stand; links lead to larger numbers."""
    layers = layer(len(sizes), links)
    order(layers)
    across = _is_across(layers, sizes)
    deep, wide = zip(*(size if across else size[::-1] for size in sizes), strict=True)
    middles = place(layers, wide)
    bands = _bands(layers, deep, middles)
    breadth = max(*middles, *(m + w / 2 for m, w in zip(middles, wide, strict=False)))

    def at(vertex: int, depth: float) -> Point:
        return Point(depth, middles[vertex]) if across else Point(middles[vertex], depth)

    boxes = tuple(
        Box(at(node, sum(bands[layers.rank[node]]) / 2), *size) for node, size in enumerate(sizes)
    )
    lines = {
        link: (
            _border(boxes[link[0]], across, 1),
            *(at(bend, depth) for bend in bends for depth in bands[layers.rank[bend]]),
            _border(boxes[link[1]], across, -1),
        )
        for link, bends in layers.bends.items()
    }
    depth = bands[-1][1]
    width, height = (depth, breadth) if across else (breadth, depth)
    return Layout(across, width, height, boxes, lines)


def _is_across(layers: Layers, sizes: Sequence[tuple[float, float]]) -> bool:
    """Return whether layers are to go from left to right."""
    rows = [[vertex for vertex in row if vertex < len(sizes)] for row in layers.rows]
    down = max(sum(sizes[vertex][0] + GAP for vertex in row) for row in rows)
    across = sum(max((sizes[vertex][0] for vertex in row), default=0.0) + _BETWEEN for row in rows)
    return down > max(SCREEN, across)


def _bands(
    layers: Layers, deep: Sequence[float], middles: Sequence[float]
) -> list[tuple[float, float]]:
    """Return where each layer begins and ends."""
    bands, at = [], 0.0
    for row in layers.rows:
        thick = max((deep[vertex] for vertex in row if vertex < len(deep)), default=0.0)
        bands.append((at, at + thick))
        aside = [abs(middles[v] - middles[after]) for v in row for after in layers.after[v]]
        at += thick + min(max(_BETWEEN, max(aside, default=0.0) / 6), _BETWEEN_MOST)
    return bands


def _border(box: Box, across: bool, side: int) -> Point:
    x, y = box.middle
    return Point(x + side * box.width / 2, y) if across else Point(x, y + side * box.height / 2)
