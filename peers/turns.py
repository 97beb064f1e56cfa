"""Turns: whose step runs next, of steps that are ready, by what each owner may use. Pure.

Owners take turns. The steps of one run in the order in which they came: one that does not fit in
what is left of its owner's share waits, and those behind it wait too, so that it is not starved.

>>> turns: Turns[str, str] = Turns()
>>> turns.join("a", Share(cores=1, memory_bytes=10, disk_bytes=10))
>>> turns.add("a", "first", Share(1, 5, 5)); turns.add("a", "second", Share(1, 5, 5))
>>> turns.take(), turns.take()
('first', None)
>>> turns.give_back("first"); turns.take()
'second'
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

from peers.house import Share

Owner = TypeVar("Owner", bound=Hashable)
Task = TypeVar("Task", bound=Hashable)


class Turns(Generic[Owner, Task]):
    """The queues of all owners."""

    def __init__(self) -> None:
        self._left: dict[Owner, Share] = {}
        self._queues: dict[Owner, dict[Task, Share]] = {}  # not empty; the first is next
        self._taken: dict[Task, tuple[Owner | None, Share]] = {}

    def __len__(self) -> int:
        """How many steps wait."""
        return sum(map(len, self._queues.values()))

    @property
    def taken(self) -> int:
        """How many steps run."""
        return len(self._taken)

    def join(self, owner: Owner, share: Share) -> None:
        """Let an owner use so much at one time."""
        self._left.setdefault(owner, share)

    def leave(self, owner: Owner) -> None:
        """Forget an owner of whom nothing waits; what still runs ends for nobody."""
        self._left.pop(owner, None)
        for task, (whose, used) in self._taken.items():
            if whose == owner:
                self._taken[task] = (None, used)

    def add(self, owner: Owner, task: Task, wants: Share) -> None:
        """Queue a step, which fits in all that its owner may use."""
        self._queues.setdefault(owner, {})[task] = wants

    def take(self) -> Task | None:
        """Return the next step, which from now on uses what it wants; None when none fits."""
        for owner, queue in self._queues.items():
            task, wants = next(iter(queue.items()))
            if wants.fits_in(self._left.get(owner, Share())):
                self._left[owner] = self._left[owner].minus(wants)
                self._taken[task] = (owner, wants)
                self._behind_others(owner)
                self.drop(owner, task)
                return task
        return None

    def give_back(self, task: Task) -> None:
        """Let what a step used be used by others."""
        owner, used = self._taken.pop(task)
        if owner is not None:
            self._left[owner] = self._left[owner].plus(used)

    def drop(self, owner: Owner, task: Task) -> bool:
        """Take a step out of its queue; return whether it was in it."""
        queue = self._queues.get(owner, {})
        found = queue.pop(task, None) is not None
        if found and not queue:
            del self._queues[owner]
        return found

    def _behind_others(self, owner: Owner) -> None:
        self._queues[owner] = self._queues.pop(owner)
