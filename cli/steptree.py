"""The tree of a run's progress: each step, with how many of its instances are in which state."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cli.report import human_seconds
from engine.progress import Counted, Ended, Progress, Reused, Started
from engine.rows import WHOLE
from engine.workflow.graph import Group

MARKS: Final = {"failed": "✗", "running": "⏵", "ran": "✔", "reused": "✔", "skipped": "-"}


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps that are watched: in order, how many instances each has, and which have any."""

    counts: Mapping[str, int | None]  # None while it is not known
    scattered: frozenset[str]

    @classmethod
    def of_groups(cls, groups: Sequence[Group]) -> "Steps":
        """Return the steps of a run."""
        scattered = frozenset(group.step for group in groups if group.scattered)
        return cls({group.step: group.count for group in groups}, scattered)

    def id(self, step: str, index: int) -> str:
        """Return what people call an instance: 'train[1]', or 'report' of a step that has one."""
        return f"{step}[{index}]" if step in self.scattered and index != WHOLE else step


@dataclass(slots=True)
class Branch:
    """One step of the workflow: how many instances it has, and how many are in which state."""

    total: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    running: int = 0
    wall_ms: int = 0  # of all that ran

    @property
    def state(self) -> str:
        """The state that its mark shows."""
        if self.ended["failed"]:
            return "failed"
        if self.running:
            return "running"
        if self.total and sum(self.ended.values()) >= self.total:
            return next(s for s in ("ran", "reused", "skipped") if self.ended[s])
        return "waiting"


class Tree:
    """All that is known of a run's progress."""

    def __init__(self, counts: Mapping[str, int | None]) -> None:
        """Take the steps in order, with how many instances each has, as far as that is known."""
        self.branches = {step: Branch(count or 0) for step, count in counts.items()}
        self._running: set[tuple[str, int]] = set()

    def take(self, event: Progress) -> None:
        """Count an event in."""
        branch = self.branches[event.step]
        if isinstance(event, Counted):
            branch.total = event.count
        elif isinstance(event, Reused):
            branch.ended["reused"] += len(event.indexes)
        elif isinstance(event, Started) and (event.step, event.index) not in self._running:
            self._running.add((event.step, event.index))
            branch.running += 1
        elif isinstance(event, Ended):
            self._end(branch, event)

    def _end(self, branch: Branch, event: Ended) -> None:
        if (event.step, event.index) in self._running:
            self._running.discard((event.step, event.index))
            branch.running -= 1
        branch.ended[event.status] += 1
        if event.status == "ran":
            branch.wall_ms += event.wall_ms

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Yield mark, name and counts of each step."""
        for name, branch in self.branches.items():
            yield MARKS.get(branch.state, "⏸"), name, self._counts(branch)

    def _counts(self, branch: Branch) -> str:
        done = sum(branch.ended.values())
        parts = [f"{done}/{branch.total}"] if branch.total != 1 else []
        parts += [f"{branch.running} running"] if branch.running else []
        parts += [f"{n} {s}" for s, n in sorted(branch.ended.items()) if n]
        parts += [human_seconds(branch.wall_ms)] if branch.wall_ms else []
        return ", ".join(parts)
