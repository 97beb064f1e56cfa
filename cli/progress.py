"""Progress of a run for people: a live tree on a terminal, plain lines otherwise; all to stderr.

What is printed comes from steptree.py and tails.py, which know nothing of terminals.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cli.lines import Lines
from cli.report import human_seconds, note, printable
from cli.steptree import Steps, Tree
from cli.tails import Tails, ended_lines
from engine.progress import (
    Ended,
    Progress,
    Retried,
    Started,
    Waiting,
    Watch,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.remaining import Remaining

_REFRESHES: Final = 8  # a second
_WORTH_WAITING_MS: Final = 1_000  # of less there is nothing to be told


class Plain:
    """A line for each thing that happened; what was reused is summed up at the end."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._tree = Tree(steps.counts)
        self._tails = Tails()
        self._lines = Lines(note)
        self._lock = threading.Lock()  # Printed comes from the slots' threads

    def __call__(self, event: Progress) -> None:
        """Take an event."""
        with self._lock:
            self._tree.take(event)
            self._tails.take(event)
            self._print(event)

    def finish(self) -> None:
        """Say what was reused."""
        self._lines.write()
        for name, branch in self._tree.branches.items():
            if branch.ended["reused"]:
                of = f"{branch.ended['reused']} of {branch.total}" if branch.total != 1 else ""
                note(" ".join(part for part in (f"{name}:", of, "reused") if part))

    def _print(self, event: Progress) -> None:
        if isinstance(event, Started) and event.attempt == 1:
            self._lines.add(f"{self._id(event)}: started")
        elif isinstance(event, Waiting):
            self._lines.add(f"{self._id(event)}: another run is doing it; waiting for that")
        elif isinstance(event, Retried):
            self._lines.add(f"{self._id(event)}: {event.note}; trying again")
        elif isinstance(event, Ended):
            for line in ended_lines(event, self._id(event), self._tails):
                self._lines.add(line)

    def _id(self, event: Started | Waiting | Retried | Ended) -> str:
        return self._steps.id(event.step, event.index)


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
        if left_ms and left_ms >= _WORTH_WAITING_MS:  # 0: it takes longer than ever
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
