"""Tails: what steps printed last, to be shown of those that fail."""

from collections import deque
from collections.abc import Iterator
from typing import Final

from cli.report import human_seconds, printable
from engine.progress import Ended, Printed, Progress, Started

SHOWN_LINES: Final = 20  # of a failed step's output
_LONGEST_LINE: Final = 4096  # bytes of one that has not ended: a progress bar draws without end


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


def ended_lines(event: Ended, name: str, tails: Tails) -> Iterator[str]:
    """Yield what is said of an instance that ended: of one that failed, what it printed last."""
    if event.status == "ran":
        yield f"{name}: done in {human_seconds(event.wall_ms)}"
        return
    yield f"{name}: {event.status}" + (f": {event.note}" if event.note else "")
    if event.status == "failed":
        yield from (f"  | {line}" for line in tails.of(event))
