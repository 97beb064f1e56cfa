"""Attempts: the instances that wait, run or are being recorded, and how often each has run. Pure.

An instance holds its part of the machine while it runs. While what it gave is being recorded it
holds nothing, but counts: a slow disk is not outrun.

>>> attempts = Attempts([Group("a", 1, False, (), False, 1, 0, 0, True)], Capacity(1, 1, 1))
>>> attempts.queue(rank_of(0, 0)); attempts.start()
(0, 1)
"""

from collections.abc import Sequence
from typing import Final

from engine.admission import Admission, Capacity
from engine.ranks import split
from engine.workflow.graph import Group

MAX_RECORDING: Final = 64  # instances whose results wait for the disk
MAX_LOSSES: Final = 3  # an instance that loses its runner this often may well be the reason


class Attempts:
    """Instances by rank, from when they have a key to their end."""

    def __init__(self, groups: Sequence[Group], capacity: Capacity) -> None:
        """Take the groups by number.

        Raises: Refused for a step that needs more than the machine lends.
        """
        self._groups = groups
        self._admission = Admission(capacity)
        self._running: set[int] = set()
        self._recording: set[int] = set()
        self._failures: dict[int, int] = {}
        self._losses: dict[int, int] = {}
        for group in groups:
            capacity.check(group.step, cpus=group.cpus, memory=group.memory)

    def __contains__(self, rank: int) -> bool:
        """Whether an instance runs or is being recorded."""
        return rank in self._running or rank in self._recording

    @property
    def queued(self) -> int:
        """How many wait to be started."""
        return len(self._admission)

    @property
    def open(self) -> bool:
        """Whether any runs or is being recorded."""
        return bool(self._running or self._recording)

    def running(self) -> list[int]:
        """Return those that run, in order."""
        return sorted(self._running)

    def queue(self, rank: int) -> None:
        """Let an instance be started once there is room for it."""
        group = self._group(rank)
        self._admission.add(rank, cpus=group.cpus, memory=group.memory)

    def start(self) -> tuple[int, int] | None:
        """Take the next that may run: its rank, and the number of its attempt, from 1."""
        if len(self._recording) >= MAX_RECORDING or (rank := self._admission.take()) is None:
            return None
        self._running.add(rank)
        return rank, self._failures.get(rank, 0) + self._losses.get(rank, 0) + 1

    def ran(self, rank: int) -> None:
        """Let an instance that ran be recorded: another may run in its place."""
        self.leave(rank)
        self._recording.add(rank)

    def leave(self, rank: int, *, began: bool = True) -> None:
        """Take an instance out of those that run or are being recorded.

        Raises: KeyError when it is in neither.
        """
        if rank in self._recording:
            self._recording.remove(rank)
            return
        self._running.remove(rank)
        group = self._group(rank)
        self._admission.release(cpus=group.cpus, memory=group.memory, began=began)

    def failed(self, rank: int) -> bool:
        """Count a failure; return whether the instance may be tried again."""
        self._failures[rank] = self._failures.get(rank, 0) + 1
        return self._failures[rank] <= self._group(rank).retries

    def lost(self, rank: int) -> bool:
        """Count a runner that was lost; return whether the instance may be tried again."""
        self._losses[rank] = self._losses.get(rank, 0) + 1
        return self._losses[rank] < MAX_LOSSES

    def _group(self, rank: int) -> Group:
        return self._groups[split(rank)[0]]
