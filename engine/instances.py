"""Instances: where every instance of every step is, and what an end reaches. Pure.

An instance is its rank: the number of its group, then its index, in one int, so that ranks sort
in the order in which steps are preferred. What it keeps is six bytes; a group that scatters over
a directory gets its instances when they are known. An instance is decided only when all that it
needs has ended, so the order of events never changes what becomes of it. Neighbours that change
together are changed together, as a span: what 100 000 of them cost is a few slices.
"""

from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from engine.plan_graph import Edge, Graph
from engine.plan_table import ENDED, Cause, State, move
from engine.ranks import INDEX_BITS, INDEX_MASK, Span, rank_of, runs, split

SKIP: Final = 1  # something needed was left out by its author
BLOCK: Final = 2  # something needed did not succeed

_UNKNOWN: Final = -1
_MARKS: Final = {State.SKIPPED: SKIP, State.FAILED: BLOCK, State.BLOCKED: BLOCK}


class Instances:
    """The state of all instances; what became ready, left out or expandable waits to be taken."""

    def __init__(self, graph: Graph) -> None:
        count = len(graph.groups)
        self.ready: list[Span] = []
        self.left_out: list[int] = []  # ranks that became SKIPPED or BLOCKED by what they need
        self.expandable: list[int] = []  # groups
        self.abandoned: list[tuple[int, int]] = []  # groups that end unexpanded, SKIP | BLOCK
        self.open_groups = count  # groups that have, or may get, an instance that has not ended
        self._graph = graph
        self._barriers = array("I", graph.barriers)
        self._unexpanded = array("I", bytes(4 * count))  # `same` producers not expanded yet
        self._marks_in = bytearray(count)  # what the needs of the group as a whole ended in
        self._marks_out = bytearray(count)  # what its own instances ended in
        self._first = array("q", [_UNKNOWN]) * count
        self._count = array("q", [_UNKNOWN]) * count
        self._left = array("q", bytes(8 * count))  # instances that have not ended
        self._state = bytearray()
        self._waits = array("I")  # `same` needs of the instance that have not ended
        self._marks = bytearray()  # what those that have ended ended in
        self._ended: deque[Span] = deque()  # whose end is still to be spread
        self._closing: deque[int] = deque()  # groups all of whose instances have ended

    def begin(self) -> None:
        """Make the instances that are known and decide those that need nothing."""
        numbers = range(len(self._graph.groups))
        for number, group in enumerate(self._graph.groups):
            if group.count is not None:
                self._make(number, group.count)
            else:
                self._unexpanded[number] = len(self._graph.same_producers(number))
        free = [n for n in numbers if not (self._barriers[n] or self._unexpanded[n])]
        for number, group in enumerate(self._graph.groups):
            if group.skipped:
                self._skip(number)
            elif group.count == 0:
                self._closing.append(number)
        for number in free:
            self._open(number)
        self._spread()

    def expand(self, number: int, count: int) -> None:
        """Make the instances of a group that was expandable.

        Raises: ValueError when a group it is matched with has another count.
        """
        producers = self._graph.same_producers(number)
        if any(self._count[producer] != count for producer in producers):
            raise ValueError(f"'{self._graph.groups[number].step}' is matched with another count")
        self._make(number, count)
        for producer in producers:
            self._look_back(number, producer)
        for edge in self._graph.after_same(number):
            self._meet_expansion(edge, 0)
        if count == 0:
            self._closing.append(number)
        self._open(number)
        self._spread()

    def abandon(self, number: int, mark: int) -> None:
        """End a group whose instances will never be known."""
        self._end_unexpanded(number, mark)
        self._spread()

    def move(self, rank: int, cause: Cause) -> State:
        """Move an instance by the table and follow what its end reaches.

        Raises: ValueError when the table has no such row.
        """
        state = self._move(rank, 1, cause)
        self._spread()
        return state

    def move_all(self, number: int, indexes: Sequence[int], cause: Cause) -> None:
        """Move instances of one group that are all in one state, as `move` does.

        Raises: ValueError when they are not, or the table has no such row.
        """
        for run in runs(indexes):
            self._move(rank_of(number, run.start), len(run), cause)
        self._spread()

    def stop(self, rank: int) -> None:
        """End an instance that will not run, with nothing following from it."""
        at = self._place(rank)
        self._state[at] = move(self._state[at], Cause.STOPPED)

    def state(self, rank: int) -> State:
        """Return where an instance is."""
        return State(self._state[self._place(rank)])

    def count(self, number: int) -> int | None:
        """Return the number of a group's instances; None while it is not known."""
        return None if self._count[number] == _UNKNOWN else self._count[number]

    def not_ended(self) -> Iterator[int]:
        """Return the ranks of all instances that have not ended."""
        for number, first in enumerate(self._first):
            if self._left[number]:
                for index in range(self._count[number]):
                    if self._state[first + index] < ENDED:
                        yield rank_of(number, index)

    def unexpanded(self) -> Iterator[int]:
        """Return the groups whose instances are not known."""
        return (number for number, first in enumerate(self._first) if first == _UNKNOWN)

    def _place(self, rank: int) -> int:
        return self._first[rank >> INDEX_BITS] + (rank & INDEX_MASK)

    def _make(self, number: int, count: int) -> None:
        self._first[number] = len(self._state)
        self._count[number] = self._left[number] = count
        same = 0 if self._graph.groups[number].count is None else self._graph.same_needs(number)
        self._state.extend(bytes(count))
        self._waits.extend(array("I", [same]) * count)
        self._marks.extend(bytes(count))

    def _look_back(self, number: int, producer: int) -> None:
        """Count, for a group just made, which instances of a matched group have ended already."""
        here, there = self._first[number], self._first[producer]
        for index in range(self._count[number]):
            state = State(self._state[there + index])
            if state < ENDED:
                self._waits[here + index] += 1
            else:
                self._marks[here + index] |= _MARKS.get(state, 0)

    def _skip(self, number: int) -> None:
        """Leave out a group whose own `when` is false."""
        if self._first[number] == _UNKNOWN:
            self._end_unexpanded(number, SKIP)
        elif self._count[number] == 0:
            self._marks_out[number] = SKIP
            self._closing.append(number)
        for index in range(self._count[number]):
            self._move(rank_of(number, index), 1, Cause.NEED_SKIPPED)
            self.left_out.append(rank_of(number, index))

    def _end_unexpanded(self, number: int, mark: int) -> None:
        self._first[number], self._count[number] = len(self._state), 0
        self._marks_out[number] = mark
        self.abandoned.append((number, mark))
        for edge in self._graph.after_same(number):
            self._meet_expansion(edge, mark)
        self._closing.append(number)

    def _move(self, rank: int, size: int, cause: Cause) -> State:
        at = self._place(rank)
        before = self._state[at]
        state = move(before, cause)
        if size == 1:
            self._state[at] = state
        elif self._state.count(before, at, at + size) == size:
            self._state[at : at + size] = bytes((state,)) * size
        else:
            raise ValueError("instances that are not in one state are moved together")
        if state >= ENDED:
            self._ended.append((rank, size))
        return state

    def _spread(self) -> None:
        """Tell those that wait for what has ended, and those that wait for them."""
        while self._ended or self._closing:  # queues, not calls: a chain may be 100 000 long
            if self._ended:
                self._spread_end(*self._ended.popleft())
            else:
                self._spread_close(self._closing.popleft())

    def _spread_end(self, rank: int, size: int) -> None:
        number, first = split(rank)
        mark = _MARKS.get(State(self._state[self._place(rank)]), 0)
        self._marks_out[number] |= mark
        for edge in self._graph.after_same(number):
            for index in range(first, first + size):
                self._meet_instance(edge, index, mark)
        if self._graph.has_items(number):
            for index in range(first, first + size):
                for edge in self._graph.after_item(number, index):
                    self._meet(edge, mark)
        self._left[number] -= size
        if not self._left[number]:
            self._closing.append(number)

    def _spread_close(self, number: int) -> None:
        """Tell those that wait for a whole group; an index it does not have counts as met."""
        self.open_groups -= 1
        mark = self._marks_out[number]
        for edge in self._graph.after_whole(number):
            self._meet(edge, mark)
        for edge in self._graph.after_missing(number, self._count[number]):
            self._meet(edge, mark if self._count[number] == 0 else 0)

    def _meet(self, edge: Edge, mark: int) -> None:
        self._marks_in[edge.consumer] |= _carried(edge, mark)
        self._barriers[edge.consumer] -= 1
        self._open(edge.consumer)

    def _meet_expansion(self, edge: Edge, mark: int) -> None:
        self._marks_in[edge.consumer] |= _carried(edge, mark)
        self._unexpanded[edge.consumer] -= 1
        self._open(edge.consumer)

    def _meet_instance(self, edge: Edge, index: int, mark: int) -> None:
        first = self._first[edge.consumer]
        if index >= self._count[edge.consumer]:
            return  # not made yet, and will look back then; or given up as a whole
        self._marks[first + index] |= _carried(edge, mark)
        self._waits[first + index] -= 1
        if not (self._waits[first + index] or self._barriers[edge.consumer]):
            self._decide(edge.consumer, index)

    def _open(self, number: int) -> None:
        """Decide what can be, once a group waits for nothing as a whole."""
        if self._barriers[number] or self._unexpanded[number]:
            return
        if self._first[number] == _UNKNOWN:
            if mark := self._marks_in[number]:
                self._end_unexpanded(number, BLOCK if mark & BLOCK else SKIP)
            else:
                self.expandable.append(number)
            return
        first, count = self._first[number], self._count[number]
        if count > 1 and self._is_free(number):
            self._move(rank_of(number, 0), count, Cause.NEEDS_MET)
            self.ready.append((rank_of(number, 0), count))
            return
        for index in range(count):
            if not self._waits[first + index]:
                self._decide(number, index)

    def _is_free(self, number: int) -> bool:
        """Return whether nothing keeps any instance of a group, and none was decided before."""
        first, count = self._first[number], self._count[number]
        end = first + count
        return (
            not self._marks_in[number]
            and self._state.count(State.WAITING, first, end) == count
            and self._marks.count(0, first, end) == count
            and not any(self._waits[first:end])
        )

    def _decide(self, number: int, index: int) -> None:
        at = self._first[number] + index
        if self._state[at] != State.WAITING:
            return  # its own `when` left it out already
        rank = rank_of(number, index)
        marks = self._marks[at] | self._marks_in[number]
        if not marks:
            self._move(rank, 1, Cause.NEEDS_MET)
            self._add_ready(rank)
            return
        self._move(rank, 1, Cause.NEED_FAILED if marks & BLOCK else Cause.NEED_SKIPPED)
        self.left_out.append(rank)

    def _add_ready(self, rank: int) -> None:
        """Add an instance, to the span before it when it follows that."""
        if self.ready:
            first, size = self.ready[-1]
            if rank == first + size:
                self.ready[-1] = (first, size + 1)
                return
        self.ready.append((rank, 1))


def _carried(edge: Edge, mark: int) -> int:
    """Return what of a producer's end reaches the consumer: a gather leaves skipped ones out."""
    return mark if edge.carries_skip else mark & BLOCK
