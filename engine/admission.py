"""Admission: which of the queued instances may start, given the machine. Pure.

Instances start in the order of their rank. One that does not fit yet lets others that do pass it,
so that a machine is not idle, but only MAX_PASSED of them, so that a big step is not starved.

>>> admission = Admission(Capacity(slots=2, cpus=2, memory=100))
>>> admission.add(7, cpus=1, memory=60); admission.add(9, cpus=1, memory=60)
>>> admission.take(), admission.take()
(7, None)
"""

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

MAX_PASSED: Final = 64  # instances that may overtake one that does not fit yet


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the machine lends to all running steps together."""

    slots: int  # sandboxes
    cpus: int
    memory: int  # bytes


class Admission:
    """A queue of ranks by what they need; those admitted hold it until released."""

    def __init__(self, capacity: Capacity) -> None:
        self._slots = capacity.slots
        self._cpus = capacity.cpus
        self._memory = capacity.memory
        self._queues: dict[tuple[int, int], list[int]] = {}  # (cpus, memory) -> heap of ranks
        self._passed = 0  # how many overtook the first in rank since it became first
        self._queued = 0

    def __len__(self) -> int:
        return self._queued

    def add(self, rank: int, *, cpus: int, memory: int) -> None:
        """Queue an instance."""
        heappush(self._queues.setdefault((cpus, memory), []), rank)
        self._queued += 1

    def take(self) -> int | None:
        """Admit the first that fits and return its rank; None when none may start."""
        if not self._queued or self._slots < 1:
            return None
        first = min(self._queues, key=self._head)
        shape = first if self._fits(first) else self._overtaking()
        if shape is None:
            return None
        self._passed = 0 if shape == first else self._passed + 1
        return self._admit(shape)

    def release(self, *, cpus: int, memory: int) -> None:
        """Give back what an admitted instance held."""
        self._slots += 1
        self._cpus += cpus
        self._memory += memory

    def _head(self, shape: tuple[int, int]) -> int:
        return self._queues[shape][0]

    def _fits(self, shape: tuple[int, int]) -> bool:
        return shape[0] <= self._cpus and shape[1] <= self._memory

    def _overtaking(self) -> tuple[int, int] | None:
        if self._passed >= MAX_PASSED:
            return None
        fitting = [shape for shape in self._queues if self._fits(shape)]
        return min(fitting, key=self._head, default=None)

    def _admit(self, shape: tuple[int, int]) -> int:
        queue = self._queues[shape]
        rank = heappop(queue)
        if not queue:
            del self._queues[shape]
        self._queued -= 1
        self._slots -= 1
        self._cpus -= shape[0]
        self._memory -= shape[1]
        return rank
