"""Heard: what comparators printed last, told of those that have no verdict."""

import threading
from collections.abc import Mapping, Sequence

from cli.report import note
from cli.tails import Tail
from engine.opinion import Asked, Opinion
from engine.progress import Printed, Progress
from engine.rows import Name


class Heard:
    """The last lines of comparators, by the instance whose outputs they look at."""

    def __init__(self) -> None:
        self._tails: dict[Name, Tail] = {}
        self._lock = threading.Lock()  # Printed comes from the slots' threads

    def __call__(self, event: Progress) -> None:
        """Take an event."""
        if isinstance(event, Printed):
            with self._lock:
                tail = self._tails.setdefault((event.step, event.index), Tail())
                tail.add(event.stream, event.data)

    def tell(self, asked: Sequence[Asked], opinions: Mapping[Name, Opinion]) -> None:
        """Say which comparators have no verdict, why, and what they printed; forget the rest."""
        with self._lock:
            tails, self._tails = self._tails, {}
        for one in asked:
            if failed := opinions[one.called].failed:
                note(f"{one.name[0]}: what compares output '{one.output}' failed: {failed}")
                for line in tails.pop(one.name, Tail()).lines():
                    note(f"  | {line}")
