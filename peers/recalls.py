"""Recalls: the steps of one run that wait for a peer that ran them before. Pure.

Who has run a step has what came out of it, and need not run it again. It is waited for, but not
for long; after that, anybody may run the step.

>>> recalls = Recalls()
>>> recalls.add(task, now_ms)                                            # doctest: +SKIP
>>> recalls.take(maker)                                                  # doctest: +SKIP
[Task(...)]
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.content.cid import Cid
from peers.identity import PeerId
from peers.run_frames import Task

RECALL_MS: Final = 5_000  # how long a step waits for who has run it before


class _Recalled(NamedTuple):
    """A step that waits for a peer."""

    task: Task
    until_ms: int


class Recalls:
    """The steps of one run that have a maker. For one thread."""

    def __init__(self) -> None:
        self._waiting: dict[PeerId, dict[Cid, _Recalled]] = {}  # by maker and key; none is empty

    def add(self, task: Task, now_ms: int) -> None:
        """Have a step wait for its maker."""
        waiting = self._waiting.setdefault(PeerId(task.maker), {})
        waiting[task.key] = _Recalled(task, now_ms + RECALL_MS)

    def remove(self, task: Task) -> None:
        """Have a step wait no more."""
        self._remove(PeerId(task.maker), [task])

    def makers(self) -> tuple[PeerId, ...]:
        """Return who is waited for."""
        return tuple(self._waiting)

    def tasks(self) -> Iterator[Task]:
        """Yield the steps that wait."""
        return (one.task for waiting in self._waiting.values() for one in waiting.values())

    def take(self, maker: PeerId) -> list[Task]:
        """Take the steps that wait for a peer, which is there."""
        return [one.task for one in self._waiting.pop(maker).values()]

    def take_late(self, maker: PeerId, now_ms: int) -> list[Task]:
        """Take those that have waited for too long for a peer, which is not there."""
        waiting = self._waiting[maker].values()
        late = [one.task for one in waiting if now_ms >= one.until_ms]
        self._remove(maker, late)
        return late

    def _remove(self, maker: PeerId, tasks: list[Task]) -> None:
        waiting = self._waiting[maker]
        for task in tasks:
            del waiting[task.key]
        if not waiting:
            del self._waiting[maker]
