"""Pictures to draw: of a workflow as text, and random ones."""

import random
from collections.abc import Iterable

from engine.picture.graph import Edge, Node, Picture, States

Pair = tuple[str, str]


def node(step: str, count: int = 1, states: States | None = None) -> Node:
    """Return a node, scattered when it has more instances than one."""
    return Node(step, "ml", count > 1, count, None, states or {})


def pictured(nodes: Iterable[Node], pairs: Iterable[Pair], title: str = "test") -> Picture:
    """Return a picture in which each pair is a producer and a consumer that reads from it."""
    edges = tuple(Edge(one, other, "data", (f"{one}.x",)) for one, other in pairs)
    return Picture(title, tuple(nodes), edges)


def random_picture(steps: int, seed: int) -> Picture:
    """Return a picture in which each step reads from one to three of the forty before it."""
    choose = random.Random(seed)  # noqa: S311 - the same picture for the same seed
    pairs = {
        (f"s{choose.randrange(max(0, number - 40), number)}", f"s{number}")
        for number in range(1, steps)
        for _ in range(choose.randint(1, 3))
    }
    return pictured((node(f"s{number}") for number in range(steps)), sorted(pairs))
