"""Queues: the steps of one run that wait for any provider, in their order; one queue a shape. Pure.

>>> queues = Queues()
>>> queues.add(task)                                                     # doctest: +SKIP
>>> queues.take(shape_of(task), 10)                                      # doctest: +SKIP
[Task(...)]
"""

from collections import deque

from peers.run_frames import Task
from peers.shape import Shape, shape_of


class Queues:
    """What waits in one run. For one thread."""

    def __init__(self) -> None:
        self._queues: dict[Shape, deque[Task]] = {}  # none is empty

    def add(self, task: Task, *, is_first: bool = False) -> None:
        """Have a step wait, behind the others of its shape or before them."""
        queue = self._queues.setdefault(shape_of(task), deque())
        if is_first:
            queue.appendleft(task)
        else:
            queue.append(task)

    def remove(self, task: Task) -> None:
        """Have a step wait no more."""
        shape = shape_of(task)
        self._queues[shape].remove(task)
        self._forget_empty(shape)

    def counts(self) -> dict[Shape, int]:
        """Return how many steps of each shape wait."""
        return {shape: len(queue) for shape, queue in self._queues.items()}

    def count(self, shape: Shape) -> int:
        """Return how many steps of a shape wait."""
        return len(self._queues.get(shape, ()))

    def all(self, shape: Shape) -> list[Task]:
        """Return the steps of a shape that wait."""
        return list(self._queues.get(shape, ()))

    def first(self, shape: Shape) -> Task | None:
        """Return the step of a shape that is next."""
        queue = self._queues.get(shape)
        return queue[0] if queue else None

    def take(self, shape: Shape, many: int) -> list[Task]:
        """Take the next steps of a shape that read the same of what is away: so many at most."""
        queue = self._queues[shape]
        taken = [queue.popleft()]
        while queue and len(taken) < many and queue[0].away == taken[0].away:
            taken.append(queue.popleft())  # what another one reads may be elsewhere
        self._forget_empty(shape)
        return taken

    def _forget_empty(self, shape: Shape) -> None:
        if not self._queues[shape]:
            del self._queues[shape]
