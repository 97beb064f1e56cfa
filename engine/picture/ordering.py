"""Ordering: the order of each layer in which few lines cross. Pure.

Sweeps down and up, each vertex going to the mean place of its neighbours; the best order seen is
kept. Ties keep the order they had, so the same graph is always drawn alike.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from engine.picture.layers import Layers

SWEEPS: Final = 12  # down and up by turns; more change little
_LARGE: Final = 5_000  # vertices; from here on fewer sweeps do


def order(layers: Layers) -> None:
    """Put the vertices of each layer in an order with few crossings."""
    best = [list(row) for row in layers.rows]
    fewest = crossings(layers)
    for sweep in range(4 if len(layers.rank) > _LARGE else SWEEPS):
        if not fewest:
            break
        _sweep(layers, down=sweep % 2 == 0)
        if (found := crossings(layers)) < fewest:
            fewest, best = found, [list(row) for row in layers.rows]
    layers.rows = best


def crossings(layers: Layers) -> int:
    """Return how many pairs of lines between neighbouring layers cross."""
    return sum(_between(layers, upper, lower) for upper, lower in pairwise(layers.rows))


def _between(layers: Layers, upper: Sequence[int], lower: Sequence[int]) -> int:
    place = {vertex: n for n, vertex in enumerate(lower)}
    seen: list[int] = []
    count = 0
    for vertex in upper:
        ends = sorted(place[after] for after in layers.after[vertex])
        count += sum(len(seen) - bisect_right(seen, end) for end in ends)
        for end in ends:
            insort(seen, end)
    return count


def _sweep(layers: Layers, *, down: bool) -> None:
    neighbours = layers.before if down else layers.after
    rows = layers.rows if down else layers.rows[::-1]
    place = {vertex: n for row in rows for n, vertex in enumerate(row)}
    for row in rows[1:]:
        means = {
            vertex: _mean([place[near] for near in neighbours[vertex]], place[vertex])
            for vertex in row
        }
        row.sort(key=means.__getitem__)
        place.update((vertex, n) for n, vertex in enumerate(row))


def _mean(places: Sequence[int], otherwise: int) -> float:
    return sum(places) / len(places) if places else otherwise
