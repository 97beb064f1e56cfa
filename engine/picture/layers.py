"""Layers: each node on a layer below all that it waits for, and each edge cut at every layer. Pure.

The first half of a layered layout (Sugiyama's). Where an edge crosses a layer it bends around the
nodes there; all long edges of one producer share their bends, so that they leave it as one trunk
and there are at most (nodes x layers) bends, not (edges x layers).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

Link = tuple[int, int]  # producer and consumer, by number; a producer's number is the smaller one

MAX_BENDS: Final = 20_000  # with more, long edges go straight: beyond this nobody follows a line


@dataclass(slots=True)
class Layers:
    """Vertices: first the nodes, by number, then the bends."""

    rank: list[int]  # the layer of each vertex
    before: list[list[int]] = field(default_factory=list)  # neighbours one layer up
    after: list[list[int]] = field(default_factory=list)  # neighbours one layer down
    rows: list[list[int]] = field(default_factory=list)  # the vertices of each layer
    bends: dict[Link, tuple[int, ...]] = field(default_factory=dict)  # of each link, in order


def layer(nodes: int, links: Sequence[Link]) -> Layers:
    """Return the layers of a graph, whose links all lead from a smaller to a larger number."""
    ends = sorted(set(links))
    made = Layers(_ranks(nodes, ends))
    made.before = [[] for _ in range(nodes)]
    made.after = [[] for _ in range(nodes)]
    straight = _count_bends(made.rank, ends) > MAX_BENDS
    trunks: dict[int, list[int]] = {}
    for link in ends:
        _cut(made, link, trunks, straight=straight)
    made.rows = [[] for _ in range(max(made.rank, default=-1) + 1)]
    for vertex, rank in enumerate(made.rank):
        made.rows[rank].append(vertex)
    return made


def _ranks(nodes: int, links: Sequence[Link]) -> list[int]:
    """Return the length of the longest way to each node; what only gives stands near its taker."""
    rank = [0] * nodes
    waits = [False] * nodes
    for producer, consumer in sorted(links, key=lambda link: link[1]):
        rank[consumer] = max(rank[consumer], rank[producer] + 1)
        waits[consumer] = True
    nearest: dict[int, int] = {}
    for producer, consumer in links:
        nearest[producer] = min(rank[consumer], nearest.get(producer, rank[consumer]))
    for node, below in nearest.items():
        if not waits[node]:
            rank[node] = below - 1
    return rank


def _count_bends(rank: Sequence[int], links: Sequence[Link]) -> int:
    furthest: dict[int, int] = {}
    for producer, consumer in links:
        furthest[producer] = max(rank[consumer], furthest.get(producer, 0))
    return sum(last - rank[producer] - 1 for producer, last in furthest.items())


def _cut(made: Layers, link: Link, trunks: dict[int, list[int]], *, straight: bool) -> None:
    """Lead a link along its producer's trunk, which grows as far as it must."""
    producer, consumer = link
    length = made.rank[consumer] - made.rank[producer] - 1
    if straight and length:
        made.bends[link] = ()
        return
    trunk = trunks.setdefault(producer, [])
    while len(trunk) < length:
        bend = _add_bend(made, made.rank[producer] + len(trunk) + 1)
        _join(made, trunk[-1] if trunk else producer, bend)
        trunk.append(bend)
    made.bends[link] = tuple(trunk[:length])
    _join(made, trunk[length - 1] if length else producer, consumer)


def _add_bend(made: Layers, rank: int) -> int:
    made.rank.append(rank)
    made.before.append([])
    made.after.append([])
    return len(made.rank) - 1


def _join(made: Layers, upper: int, lower: int) -> None:
    made.after[upper].append(lower)
    made.before[lower].append(upper)
