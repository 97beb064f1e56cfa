"""Placing: how far along its layer each vertex stands, given the order of the layers. Pure.

Each vertex wants to stand at the mean of its neighbours. The nearest places to those wishes that
keep order and distances are an isotonic regression, solved exactly by pooling (PAV) in one pass.
"""

from collections.abc import Sequence
from typing import Final

from engine.picture.layers import Layers

GAP: Final = 22.0  # between neighbours of a layer
_ROUNDS: Final = 10  # after that nothing moves by much
_STRAIGHT: Final = 6.0  # how much more two bends of a trunk pull at one another than nodes do


def place(layers: Layers, widths: Sequence[float]) -> list[float]:
    """Return the middle of each vertex, the leftmost edge at 0. `widths` are those of the nodes."""
    nodes = len(widths)
    wide = [*widths, *(0.0 for _ in layers.rank[nodes:])]
    near = [_neighbours(layers, vertex, nodes) for vertex in range(len(wide))]
    middle = [0.0] * len(wide)
    for row in layers.rows:
        _settle(row, [0.0] * len(row), wide, middle)
    for turn in range(_ROUNDS):
        for row in layers.rows if turn % 2 == 0 else reversed(layers.rows):
            _settle(
                row, [_wish(near[vertex], middle, middle[vertex]) for vertex in row], wide, middle
            )
    left = min((middle[row[0]] - wide[row[0]] / 2 for row in layers.rows), default=0.0)
    return [each - left for each in middle]


def _neighbours(layers: Layers, vertex: int, nodes: int) -> list[tuple[int, float]]:
    """Return who pulls at a vertex, and how much: all above as much as all below."""
    found = []
    for side in (layers.before[vertex], layers.after[vertex]):
        for near in side:
            pull = _STRAIGHT if vertex >= nodes and near >= nodes else 1.0
            found.append((near, pull / len(side)))
    return found


def _wish(near: Sequence[tuple[int, float]], middle: Sequence[float], otherwise: float) -> float:
    total = sum(pull for _, pull in near)
    return sum(middle[each] * pull for each, pull in near) / total if near else otherwise


def _settle(
    row: Sequence[int],
    wishes: Sequence[float],
    wide: Sequence[float],
    middle: list[float],
) -> None:
    """Move a row as near to its wishes as distances allow."""
    offset, offsets = 0.0, []
    for at, vertex in enumerate(row):
        if at:
            offset += (wide[row[at - 1]] + wide[vertex]) / 2 + GAP
        offsets.append(offset)
    pools: list[tuple[float, int]] = []  # the sum of what its members want, and how many they are
    for wish, before in zip(wishes, offsets, strict=True):
        total, members = wish - before, 1
        while pools and pools[-1][0] / pools[-1][1] > total / members:
            more, others = pools.pop()
            total, members = total + more, members + others
        pools.append((total, members))
    at = 0
    for total, members in pools:
        for vertex, before in zip(row[at : at + members], offsets[at : at + members], strict=True):
            middle[vertex] = total / members + before
        at += members
