"""Away: what came out of a run's steps and stayed with who made it; which steps wait for it. Pure.

A step that reads such content runs where that is, or is given a pass for it. When neither works,
the step that made it is done again, with all that it gives brought here: whoever made it has it at
hand, and when that one is gone, another makes it anew.

>>> away = Away()
>>> away.keep(task, provider, {root: size})                              # doctest: +SKIP
>>> away.lacks(reader, other)                                            # doctest: +SKIP
{PeerId(...): [Cid(...)]}
>>> away.wait(reader)                                                    # doctest: +SKIP
[Task(number=-1, ...)]
"""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import NamedTuple

from engine.content.cid import Cid
from peers.identity import PeerId
from peers.run_frames import Task


class Holding(NamedTuple):
    """Something that stayed away."""

    provider: PeerId
    task: Task  # that made it
    size: int  # bytes, about


class Came(NamedTuple):
    """What follows when a step was done again."""

    ready: list[Task]  # all that they wait for is here
    lost: list[Task]  # of the run: what they read cannot be had


class _Waiting(NamedTuple):
    task: Task
    roots: set[Cid]


class Away:
    """What stayed away in one run. For one thread."""

    def __init__(self) -> None:
        self._holdings: dict[Cid, Holding] = {}
        self._made: dict[Cid, set[Cid]] = {}  # key of a step -> what stayed of it
        self._waiting: dict[int, _Waiting] = {}  # by number of the step
        self._again: dict[Cid, Task] = {}  # key -> step that is done again
        self._here: set[Cid] = set()  # what was brought from who made it
        self._numbers = count(-1, -1)  # of those; the run's own are not below zero

    def keep(self, task: Task, provider: PeerId, sizes: Mapping[Cid, int]) -> None:
        """Note what of a step's outputs stayed with a provider, and how large each is.

        The first who has something counts: so nothing is ever made of what comes later.
        """
        for root, size in sizes.items():
            is_known = root in self._holdings or root in self._here or root in task.away
            if not is_known:
                self._holdings[root] = Holding(provider, task, size)
                self._made.setdefault(task.key, set()).add(root)

    def sized(self, task: Task) -> Task:
        """Return a step with the sizes of what it reads that is away."""
        held = [root for root in self.of(task) if root in self._holdings]
        sizes = tuple((root, self._holdings[root].size) for root in held)
        return task._replace(sizes=(*task.sizes, *sizes)) if held else task

    def is_lost(self, task: Task) -> bool:
        """Return whether something that a step reads cannot be had any more."""
        return any(root not in self._holdings for root in self.of(task))

    def of(self, task: Task) -> tuple[Cid, ...]:
        """Return what a step reads that was not brought here: nobody is served it from here."""
        return tuple(root for root in task.away if root not in self._here)

    def lacks(self, task: Task, provider: PeerId) -> dict[PeerId, list[Cid]]:
        """Return what a step reads that is neither here nor with a provider, by who has it."""
        found: dict[PeerId, list[Cid]] = {}
        for root in self.of(task):
            holding = self._holdings.get(root)
            if holding is not None and holding.provider != provider:
                found.setdefault(holding.provider, []).append(root)
        return found

    def wait(self, task: Task) -> list[Task]:
        """Have a step wait until all that it reads is here; return the steps to be done for that.

        They have numbers below zero, and are told of by `came` or `failed`.
        """
        roots = set(self.of(task))
        self._waiting[task.number] = _Waiting(task, roots)
        made = []
        for holding in [self._holdings[root] for root in roots if root in self._holdings]:
            key = holding.task.key
            if key not in self._again:
                one = holding.task._replace(
                    number=next(self._numbers), stays=(), maker=holding.provider.key
                )
                self._again[key] = one
                made.append(one)
        return made

    def came(self, task: Task, outputs: Iterable[Cid]) -> Came:
        """Take a step that was done again, and what came out of it this time, which is here."""
        here, was = set(outputs), self._forget(task.key)
        self._here |= was & here
        return Came(self._release(was & here), self._lose(was - here))

    def failed(self, task: Task) -> list[Task]:
        """Take a step that could not be done again; return which of the run are lost.

        What it gave is as far away as it was: others that read that may run where it is.
        """
        return self._lose(self._ended(task.key))

    def drop(self, number: int) -> bool:
        """Forget a step that nobody wants; return whether it was waiting."""
        return self._waiting.pop(number, None) is not None

    def _ended(self, key: Cid) -> set[Cid]:
        """Do a step again no more; return what of it is away."""
        self._again.pop(key, None)
        return set(self._made.get(key, ()))

    def _forget(self, key: Cid) -> set[Cid]:
        """Count nothing of a step as away; return what was."""
        self._again.pop(key, None)
        roots = {root for root in self._made.pop(key, ()) if self._holdings[root].task.key == key}
        for root in roots:
            del self._holdings[root]
        return roots

    def _release(self, roots: set[Cid]) -> list[Task]:
        ready = []
        for number, one in tuple(self._waiting.items()):
            if one.roots & roots:
                one.roots.difference_update(roots)
                if not one.roots:
                    del self._waiting[number]
                    ready.append(one.task)
        return ready

    def _lose(self, roots: set[Cid]) -> list[Task]:
        """Return the steps of the run that wait for some roots, or for what waits for those."""
        lost: list[Task] = []
        going = [roots] if roots else []
        while going:
            gone = going.pop()
            for number, one in tuple(self._waiting.items()):
                if not one.roots & gone:
                    continue
                del self._waiting[number]
                if number >= 0:
                    lost.append(one.task)
                else:
                    going.append(self._ended(one.task.key))
        return lost
