"""Parcels: the steps that one provider is to run, and what goes there with each lease. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from engine.content.cid import Cid
from peers.run_frames import Task
from peers.step_messages import Need

Passes: TypeAlias = tuple[bytes, ...]  # signed


class Parcel(NamedTuple):
    """What goes with a lease."""

    roots: tuple[Cid, ...]  # what the provider may have of us for it
    away: frozenset[Cid]  # what is not here: nobody is served it from here
    needs: tuple[Need, ...]  # of each step
    records: tuple[bytes, ...]  # as are those
    passes: Passes  # for what of it is with others


class _Elsewhere(NamedTuple):
    """What a step reads that is not here."""

    away: frozenset[Cid]
    passes: Passes


class Parcels:
    """What is known of the steps of one deal."""

    def __init__(self) -> None:
        self._tasks: dict[Cid, Task] = {}
        self._elsewhere: dict[Cid, _Elsewhere] = {}  # of those that are to be handed over

    def add(self, tasks: Sequence[Task], away: frozenset[Cid], passes: Passes) -> None:
        """Take steps that are to be run; what of their inputs is `away` comes by passes."""
        self._tasks.update((task.key, task) for task in tasks)
        self._elsewhere.update((task.key, _Elsewhere(away, passes)) for task in tasks if away)

    def task(self, step: Cid) -> Task:
        """Return a step that was added, and is not done."""
        return self._tasks[step]

    def done(self, step: Cid) -> None:
        """Forget a step."""
        self._tasks.pop(step, None)
        self._elsewhere.pop(step, None)

    def parcel(self, steps: Iterable[Cid]) -> Parcel:
        """Return what goes with a lease of some steps."""
        tasks = [self._tasks[step] for step in steps]
        elsewhere = [self._elsewhere.pop(task.key) for task in tasks if task.key in self._elsewhere]
        away = frozenset[Cid]().union(*(one.away for one in elsewhere))
        brought = (root for task in tasks for root in task.away if root not in away)
        needs = tuple(task.need for task in tasks)
        environments = (need.environment for need in needs)
        return Parcel(
            roots=tuple(dict.fromkeys((*(task.key for task in tasks), *environments, *brought))),
            away=away,
            needs=needs,
            records=tuple(task.record for task in tasks),
            passes=tuple(dict.fromkeys(word for one in elsewhere for word in one.passes)),
        )
