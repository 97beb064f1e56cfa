"""Copies: which providers have which steps of one run; when one more is to have a step. Pure.

A step that takes far longer than its kind is late: who has it may be silent. Each further copy is
due after twice as long as the one before.

>>> copies = Copies(Pace())
>>> copies.give(task, provider, now_ms)                                  # doctest: +SKIP
>>> copies.of(task.key)                                                  # doctest: +SKIP
(PeerId(...),)
"""

from typing import Final, NamedTuple

from engine.content.cid import Cid
from peers.identity import PeerId
from peers.pace import Pace
from peers.run_frames import Task

LATE: Final = 3  # times as long as its kind usually takes is a step late
LATE_MS: Final = 3_000  # and by so much: it is not to be sent for nothing
UNKNOWN_LATE_MS: Final = 300_000  # of a kind that was never run, unless its time is up before
COPIES: Final = 3  # of a step at a time: those who have it may all be silent


class _Out(NamedTuple):
    """A step that is with some provider."""

    task: Task
    since_ms: int  # when it was given to the first
    providers: tuple[PeerId, ...]


class Copies:
    """The steps of one run that are with providers. For one thread."""

    def __init__(self, pace: Pace) -> None:
        """Take what is known of how long steps take."""
        self._pace = pace
        self._out: dict[Cid, _Out] = {}

    def of(self, key: Cid) -> tuple[PeerId, ...]:
        """Return who has a step."""
        out = self._out.get(key)
        return out.providers if out else ()

    def took_ms(self, key: Cid, said_ms: int, now_ms: int) -> int:
        """Return how long a step took, as its provider says: no longer than it was out."""
        out = self._out.get(key)
        return said_ms if out is None else min(said_ms, max(0, now_ms - out.since_ms))

    def late(self, now_ms: int) -> list[Task]:
        """Return the steps of which one more copy is due."""
        return [out.task for out in self._out.values() if self._is_late(out, now_ms)]

    def give(self, task: Task, provider: PeerId, now_ms: int) -> None:
        """Note that a provider has a step, which nobody had."""
        self._out[task.key] = _Out(task, now_ms, (provider,))

    def add(self, key: Cid, provider: PeerId) -> None:
        """Note that one more has a step."""
        out = self._out[key]
        self._out[key] = out._replace(providers=(*out.providers, provider))

    def take(self, key: Cid, provider: PeerId) -> bool:
        """Note that one has a step no more; return whether anybody has it still."""
        out = self._out[key]
        left = tuple(one for one in out.providers if one != provider)
        self._out[key] = out._replace(providers=left)
        if not left:
            del self._out[key]
        return bool(left)

    def end(self, key: Cid) -> tuple[PeerId, ...]:
        """Forget a step; return who has it."""
        out = self._out.pop(key, None)
        return out.providers if out else ()

    def _is_late(self, out: _Out, now_ms: int) -> bool:
        copies, usual_ms = len(out.providers), self._pace.of(out.task.kind)
        most_ms = min(out.task.need.wall_ms, UNKNOWN_LATE_MS)
        long_ms = most_ms if usual_ms is None else LATE * usual_ms
        return copies < COPIES and now_ms - out.since_ms > (long_ms + LATE_MS) << (copies - 1)
