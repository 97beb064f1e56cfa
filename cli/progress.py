"""Progress of a run for people: a live tree on a terminal, plain lines otherwise; all to stderr.

`Tree` turns progress into counts and text and knows nothing of terminals; the two watchers print.
"""

import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cli.report import human_seconds, note, printable
from engine.plan_events import WHOLE
from engine.progress import (
    Counted,
    Ended,
    Printed,
    Progress,
    Retried,
    Reused,
    Started,
    Waiting,
    Watch,
)
from engine.workflow.graph import Group

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.remaining import Remaining

MARKS: Final = {"failed": "✗", "running": "⏵", "ran": "✔", "reused": "✔", "skipped": "-"}
SHOWN_LINES: Final = 20  # of a failed step's output
_LONGEST_LINE: Final = 4096  # bytes of one that has not ended: a progress bar draws without end
_REFRESHES: Final = 8  # a second


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


class Tail:
    """The last lines of one step; a line may come in pieces, and those of two streams mixed."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque(maxlen=SHOWN_LINES)
        self._begun: dict[str, bytes] = {}

    def add(self, stream: str, data: bytes) -> None:
        """Take what a stream gave."""
        *whole, begun = (self._begun.get(stream, b"") + data).split(b"\n")
        self._lines.extend(whole)
        self._begun[stream] = begun[-_LONGEST_LINE:]

    def lines(self) -> list[str]:
        """Return the lines, printable."""
        found = [*self._lines, *filter(None, self._begun.values())][-SHOWN_LINES:]
        return [printable(line.decode("utf-8", "replace")) for line in found]


class Tails:
    """The last lines that running steps printed, to be shown of those that fail."""

    def __init__(self) -> None:
        self._tails: dict[tuple[str, int], Tail] = {}

    def take(self, event: Progress) -> None:
        """Keep, or forget, what an event is about."""
        if isinstance(event, Printed):
            tail = self._tails.setdefault((event.step, event.index), Tail())
            tail.add(event.stream, event.data)
        elif isinstance(event, Started) or (isinstance(event, Ended) and event.status != "failed"):
            self._tails.pop((event.step, event.index), None)

    def of(self, event: Ended) -> tuple[str, ...]:
        """Return the last lines of an instance, printable."""
        return tuple(self._tails.pop((event.step, event.index), Tail()).lines())


class Plain:
    """A line for each thing that happened; what was reused is summed up at the end."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._tree = Tree(steps.counts)
        self._tails = Tails()
        self._lock = threading.Lock()  # Printed comes from the slots' threads

    def __call__(self, event: Progress) -> None:
        """Take an event."""
        with self._lock:
            self._tree.take(event)
            self._tails.take(event)
            self._print(event)

    def finish(self) -> None:
        """Say what was reused."""
        for name, branch in self._tree.branches.items():
            if branch.ended["reused"]:
                of = f"{branch.ended['reused']} of {branch.total}" if branch.total != 1 else ""
                note(" ".join(part for part in (f"{name}:", of, "reused") if part))

    def _print(self, event: Progress) -> None:
        if isinstance(event, Started) and event.attempt == 1:
            note(f"{self._id(event.step, event.index)}: started")
        elif isinstance(event, Waiting):
            note(f"{self._id(event.step, event.index)}: another run is doing it; waiting for that")
        elif isinstance(event, Retried):
            note(f"{self._id(event.step, event.index)}: {event.note}; trying again")
        elif isinstance(event, Ended):
            for line in ended_lines(event, self._id(event.step, event.index), self._tails):
                note(line)

    def _id(self, step: str, index: int) -> str:
        return self._steps.id(step, index)


def ended_lines(event: Ended, name: str, tails: Tails) -> Iterator[str]:
    """Yield what is said of an instance that ended: of one that failed, what it printed last."""
    if event.status == "ran":
        yield f"{name}: done in {human_seconds(event.wall_ms)}"
        return
    yield f"{name}: {event.status}" + (f": {event.note}" if event.note else "")
    if event.status == "failed":
        yield from (f"  | {line}" for line in tails.of(event))


class Live:
    """A tree that is drawn anew as things happen; failures and retries are printed above it."""

    def __init__(self, steps: Steps, remaining: "Remaining | None" = None) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        self._steps = steps
        self._tree = Tree(steps.counts)
        self._tails = Tails()
        self._remaining = remaining
        self._lock = threading.Lock()
        self._console = Console(stderr=True)
        self._live = RichLive(
            console=self._console, refresh_per_second=_REFRESHES, get_renderable=self._draw
        )
        self._live.start()

    def __call__(self, event: Progress) -> None:
        """Take an event."""
        with self._lock:
            self._tree.take(event)
            self._tails.take(event)
            if self._remaining is not None:
                self._remaining.take(event)
        if isinstance(event, Ended) and event.status == "failed":
            for line in ended_lines(event, self._id(event), self._tails):
                self._say(line)
        elif isinstance(event, Retried):
            self._say(f"{self._id(event)}: {event.note}; trying again")

    def finish(self) -> None:
        """Draw it for the last time and leave it on the screen."""
        self._live.stop()

    def _id(self, event: Ended | Retried) -> str:
        return self._steps.id(event.step, event.index)

    def _say(self, line: str) -> None:
        self._console.print(printable(line), markup=False, highlight=False)

    def _draw(self) -> "RenderableType":
        from rich.text import Text

        with self._lock:
            rows = list(self._tree.rows())
            left_ms = self._remaining.left_ms() if self._remaining is not None else None
        width = max((len(name) for _, name, _ in rows), default=0)
        lines = [f"{mark} {name.ljust(width)}  {counts}".rstrip() for mark, name, counts in rows]
        if left_ms:  # of what takes longer than ever, nothing is known
            lines.append(f"  about {human_seconds(left_ms)} left")
        return Text("\n".join(lines))


@contextmanager
def watching(steps: Steps, remaining: "Callable[[], Remaining] | None" = None) -> Iterator[Watch]:
    """Show the progress of a run while it lasts; on a terminal also how long it will take."""
    watcher: Live | Plain
    if sys.stderr.isatty():
        watcher = Live(steps, remaining() if remaining is not None else None)
    else:
        watcher = Plain(steps)
    try:
        yield watcher
    finally:
        watcher.finish()
