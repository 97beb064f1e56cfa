"""Admission: which of the queued instances may start, given the machine. Pure.

Instances start in the order of their rank. One that does not fit yet lets others that do pass it,
so that a machine is not idle, but only MAX_PASSED of them, so that a big step is not starved.

When every slot is taken, the first may be admitted as a *follower*: it runs in the place of
whichever ends next, with no time lost on asking. It follows only what needs as much, or more.

>>> admission = Admission(Capacity(slots=2, cpus=2, memory=100))
>>> admission.add(7, cpus=1, memory=60); admission.add(9, cpus=1, memory=60)
>>> admission.take(), admission.take()
(7, None)
"""

from collections import Counter, deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

from engine.errors import Refused
from engine.values import dataclass
from engine.workflow.units import show_size

Shape = tuple[int, int]  # cpus, memory

MAX_PASSED: Final = 64  # instances that may overtake one that does not fit yet


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the machine lends to all running steps together."""

    slots: int  # sandboxes
    cpus: int
    memory: int  # bytes
    ahead: int = 0  # instances admitted to follow those that run

    def check(self, step: str, *, cpus: int, memory: int) -> None:
        """Look whether an instance of a step could ever run here.

        Raises: Refused for a step that needs more than the machine lends.
        """
        asks: tuple[tuple[str, int, int, Callable[[int], str]], ...] = (
            ("cpus", cpus, self.cpus, str),
            ("memory", memory, self.memory, show_size),
        )
        for name, wanted, lent, show in asks:
            if wanted > lent:
                what = f"step '{step}' asks for {name}: {show(wanted)}"
                raise Refused(
                    f"{what}; this machine lends {show(lent)}",
                    where=f"steps.{step}.resources",
                    fix=f"lower resources.{name} of '{step}' to at most {show(lent)}",
                )


class Admission:
    """A queue of ranks by what they need; those admitted hold it until released."""

    def __init__(self, capacity: Capacity) -> None:
        self._slots = capacity.slots
        self._cpus = capacity.cpus
        self._memory = capacity.memory
        self._ahead = capacity.ahead
        self._running: Counter[Shape] = Counter()
        self._following: deque[Shape] = deque()
        self._queues: dict[Shape, list[int]] = {}  # heaps of ranks
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
        if not self._queued:
            return None
        first = min(self._queues, key=self._head)
        if self._slots < 1:
            return self._follow(first)
        shape = first if self._fits(first) else self._overtaking()
        if shape is None:
            return None
        self._passed = 0 if shape == first else self._passed + 1
        self._hold(shape)
        return self._pop(shape)

    def release(self, *, cpus: int, memory: int, began: bool = True) -> None:
        """Give back what an admitted instance held; the first follower takes its place."""
        shape = (cpus, memory)
        if shape in self._following and not (began and self._running[shape]):
            self._following.remove(shape)
            return
        self._running[shape] -= 1
        self._slots += 1
        self._cpus += cpus
        self._memory += memory
        if self._following:
            self._hold(self._following.popleft())

    def _head(self, shape: Shape) -> int:
        return self._queues[shape][0]

    def _fits(self, shape: Shape) -> bool:
        return shape[0] <= self._cpus and shape[1] <= self._memory

    def _overtaking(self) -> Shape | None:
        if self._passed >= MAX_PASSED:
            return None
        fitting = [shape for shape in self._queues if self._fits(shape)]
        return min(fitting, key=self._head, default=None)

    def _follow(self, first: Shape) -> int | None:
        """Admit the first as a follower, unless one that it could follow leaves it too little."""
        before = (*(+self._running), *self._following)
        if len(self._following) >= self._ahead:
            return None
        if any(first[0] > cpus or first[1] > memory for cpus, memory in before):
            return None
        self._following.append(first)
        self._passed = 0
        return self._pop(first)

    def _hold(self, shape: Shape) -> None:
        self._running[shape] += 1
        self._slots -= 1
        self._cpus -= shape[0]
        self._memory -= shape[1]

    def _pop(self, shape: Shape) -> int:
        queue = self._queues[shape]
        rank = heappop(queue)
        if not queue:
            del self._queues[shape]
        self._queued -= 1
        return rank
