"""The groups of a workflow as numbers, in an order in which each comes after what it needs. Pure.

What a Plan follows when something ends: which groups waited for all of it, for the same index of
it, or for one index of it. Flat arrays, so that a hundred thousand groups take a few megabytes.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from engine.workflow.graph import Group, Need


class Edge(NamedTuple):
    """One group waits for another."""

    consumer: int
    carries_skip: bool


class Graph:
    """Groups by number; number order is a topological order, ties in the order of the file."""

    def __init__(self, groups: Sequence[Group]) -> None:
        """Number the groups.

        Raises: ValueError for a cycle or an unknown step, which the workflow's check has refused.
        """
        self.groups = _sorted(groups)
        self.number = {group.step: n for n, group in enumerate(self.groups)}
        self.barriers = _zeros(len(groups))  # needs on a whole group or on one index of it
        self._same: dict[int, list[Edge]] = {}
        self._item: dict[int, dict[int, list[Edge]]] = {}
        self._whole_from, self._whole = self._wire()

    def after_whole(self, producer: int) -> Iterator[Edge]:
        """Return who waits until every instance of a group has ended."""
        for at in range(self._whole_from[producer], self._whole_from[producer + 1]):
            yield Edge(self._whole[at] >> 1, bool(self._whole[at] & 1))

    def after_same(self, producer: int) -> Sequence[Edge]:
        """Return the groups whose instance i waits for instance i of this one."""
        return self._same.get(producer, ())

    def after_item(self, producer: int, index: int) -> Sequence[Edge]:
        """Return the groups that wait for one instance of this group."""
        items = self._item.get(producer)
        return items.get(index, ()) if items else ()

    def has_items(self, producer: int) -> bool:
        """Return whether any group waits for a single instance of this one."""
        return producer in self._item

    def after_missing(self, producer: int, count: int) -> Iterator[Edge]:
        """Return the groups that wait for an instance which a group of `count` does not have."""
        for index, edges in self._item.get(producer, {}).items():
            if index >= count:
                yield from edges

    def same_needs(self, consumer: int) -> int:
        """Return how many needs of each instance are matched item by item."""
        return sum(need.how == "same" for need in self.groups[consumer].needs)

    def same_producers(self, consumer: int) -> tuple[int, ...]:
        """Return the groups that this one is matched with item by item."""
        needs = self.groups[consumer].needs
        return tuple(self.number[need.step] for need in needs if need.how == "same")

    def _wire(self) -> "tuple[array[int], array[int]]":
        whole: list[tuple[int, int]] = []  # producer, then consumer with carries_skip as lowest bit
        for consumer, group in enumerate(self.groups):
            for need in group.needs:
                self._add(consumer, need, whole)
        whole.sort()
        starts = _zeros(len(self.groups) + 1)
        for producer, _ in whole:
            starts[producer + 1] += 1
        for producer in range(len(self.groups)):
            starts[producer + 1] += starts[producer]
        return starts, array("Q", (packed for _, packed in whole))

    def _add(self, consumer: int, need: Need, whole: list[tuple[int, int]]) -> None:
        producer = self.number[need.step]
        if need.how == "same":
            _check_same(self.groups[producer], self.groups[consumer])
            self._same.setdefault(producer, []).append(Edge(consumer, need.carries_skip))
            return
        self.barriers[consumer] += 1
        if need.how == "item":
            items = self._item.setdefault(producer, {})
            items.setdefault(need.index, []).append(Edge(consumer, need.carries_skip))
        else:
            whole.append((producer, consumer << 1 | need.carries_skip))


def _check_same(producer: Group, consumer: Group) -> None:
    if producer.count != consumer.count:
        raise ValueError(f"'{consumer.step}' is matched with '{producer.step}' of another count")


def _zeros(count: int) -> "array[int]":
    return array("I", bytes(4 * count))


def _sorted(groups: Sequence[Group]) -> tuple[Group, ...]:
    place = {group.step: n for n, group in enumerate(groups)}
    unmet = array("I", (len(group.needs) for group in groups))
    consumers: dict[int, list[int]] = {}
    for n, group in enumerate(groups):
        for need in group.needs:
            if need.step not in place:
                raise ValueError(f"'{group.step}' needs '{need.step}', which is not a step")
            consumers.setdefault(place[need.step], []).append(n)
    order = [n for n in range(len(groups)) if not unmet[n]]
    for producer in order:  # it grows while it is walked
        for consumer in consumers.pop(producer, ()):
            unmet[consumer] -= 1
            if not unmet[consumer]:
                order.append(consumer)
    if len(order) != len(groups):
        raise ValueError("the steps wait for one another in a circle")
    return tuple(groups[n] for n in order)
