"""Listing: which instances a page lists one by one, and what is said of the others. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from cli.page.facts import Folded, Instance

MAX_LISTED: Final = 1_000  # rows: about a megabyte of page, and a browser sorts them at once


def fold(
    instances: Sequence[Instance], most: int = MAX_LISTED
) -> tuple[tuple[Instance, ...], tuple[Folded, ...]]:
    """Return the instances to be listed, in their order, and the rest, step by step.

    No step is cut as long as a larger one can give up more. Of one that is, those that failed are
    listed first, then those that took longest.
    """
    share = _share(Counter(one.name for one in instances), most)
    ranked = sorted(range(len(instances)), key=lambda at: _rank(instances[at]))
    taken: Counter[str] = Counter()
    listed: set[int] = set()
    rest: dict[str, Counter[str]] = {}
    for at in ranked:
        one = instances[at]
        if taken[one.name] < share and len(listed) < most:
            taken[one.name] += 1
            listed.add(at)
        else:
            rest.setdefault(one.name, Counter())[one.status] += 1
    folded = tuple(Folded(name, rest[name]) for name in taken | rest if name in rest)
    return tuple(instances[at] for at in sorted(listed)), folded


def _share(sizes: Mapping[str, int], most: int) -> int:
    """Return how many instances each step may list, so that all together are at most `most`."""
    left, steps = most, len(sizes)
    for size in sorted(sizes.values()):
        if size * steps > left:
            return max(1, left // steps)
        left -= size
        steps -= 1
    return most


def _rank(one: Instance) -> tuple[bool, int]:
    said = one.executed
    return one.status != "failed", -said.wall_ms if said else 0
