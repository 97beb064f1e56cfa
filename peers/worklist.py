"""Worklist: the steps of one run that peers are to run, and who is given which. Pure.

Steps go out in the order in which they came. Many short ones go together: as many as a provider
does in AHEAD_MS, and no more than its share of what waits, so that idle peers are used. How long a
step takes is learned from others of its kind.

>>> work = Worklist(frozenset)
>>> work.join(provider, Room(cores=2))                                   # doctest: +SKIP
>>> work.add(tasks)                                                      # doctest: +SKIP
>>> work.place(now_ms)                                                   # doctest: +SKIP
[(PeerId(...), (Task(...), Task(...)))]
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from engine.content.cid import Cid
from peers.identity import PeerId
from peers.placement import Need, Placement, Room
from peers.run_frames import Task

AHEAD_MS: Final = 1_000  # of work that a provider has beside what it runs
SHARES: Final = 4  # in which a provider gets what it does of many steps: speeds differ
MANY: Final = 64  # steps of a kind that was never run; they are taken for short
SHORT_MS: Final = 100  # then

_WEIGHT: Final = 0.2  # of the newest time


class Shape(NamedTuple):
    """What steps ask of whoever runs them; those of one shape wait in one queue."""

    kind: int
    cores: int
    memory: int
    disk: int
    is_private: bool


class Worklist:
    """The steps of a run that have not ended. For one thread."""

    def __init__(self, named: Callable[[], frozenset[PeerId]]) -> None:
        """Take what says which peers the user named: only those are given private steps."""
        self.placement = Placement()
        self._named = named
        self._waiting: dict[Shape, deque[Task]] = {}
        self._open: dict[Cid, Task] = {}  # waiting, or with a provider
        self._where: dict[Cid, PeerId] = {}
        self._again: dict[Cid, deque[Task]] = {}  # of a key that is open
        self._numbers: dict[int, Cid] = {}
        self._usual: dict[int, float] = {}

    def __len__(self) -> int:
        """How many steps have not ended."""
        return len(self._numbers)

    def join(self, provider: PeerId, room: Room) -> None:
        """Take a provider that may be given steps."""
        self.placement.join(provider, room)

    def leave(self, provider: PeerId) -> None:
        """Give a provider nothing for now."""
        self.placement.leave(provider)

    def add(self, tasks: Iterable[Task]) -> None:
        """Take steps; one whose key is open runs after that one has ended."""
        for task in tasks:
            self._numbers[task.number] = task.key
            if task.usual_ms is not None:
                self._usual.setdefault(task.kind, task.usual_ms)
            if task.key in self._open:
                self._again.setdefault(task.key, deque()).append(task)
            else:
                self._queue(task)

    def task(self, key: Cid) -> Task | None:
        """Return the open step of a key."""
        return self._open.get(key)

    def shapes(self) -> dict[Shape, int]:
        """Return how many steps of each shape wait."""
        return {shape: len(queue) for shape, queue in self._waiting.items()}

    def place(self, now_ms: int, *, coming: int = 0) -> list[tuple[PeerId, tuple[Task, ...]]]:
        """Give out what there is room for; return who gets what.

        `coming`: how many more providers there will be in a moment: until then, nobody gets more
        than its share, or than it runs at once.
        """
        placed: dict[PeerId, list[Task]] = {}
        for shape in tuple(self._waiting):
            for provider, tasks in self._place(shape, now_ms, coming):
                placed.setdefault(provider, []).extend(tasks)
        return [(provider, tuple(tasks)) for provider, tasks in placed.items()]

    def give_back(self, key: Cid, provider: PeerId, now_ms: int, *, is_bad: bool) -> None:
        """Let a step that a provider did not do be done by another."""
        if self._where.get(key) != provider:
            return
        del self._where[key]
        if is_bad:
            self.placement.failed(provider, key, now_ms)
        else:
            self.placement.dropped(provider, key)
        self._queue(self._open[key], is_first=True)

    def end(self, key: Cid, took_ms: int | None = None) -> Task | None:
        """Count a step no more; return it, or None when it is not open.

        `took_ms`: how long it took; None of one that was not done.
        """
        task = self._open.pop(key, None)
        if task is None:
            return None
        self._settle(task, took_ms)
        del self._numbers[task.number]
        if later := self._again.get(key):
            self._queue(later.popleft())
            if not later:
                del self._again[key]
        return task

    def drop(self, number: int) -> tuple[Cid, PeerId] | None:
        """Forget a step; return which it was, and who has it, if anybody has."""
        key = self._numbers.get(number)
        if key is None:
            return None
        task = self._open[key]
        if task.number != number:
            del self._numbers[number]
            later = self._again[key]
            later.remove(next(one for one in later if one.number == number))
            if not later:
                del self._again[key]
            return None
        provider = self._where.get(key)
        self.end(key)
        return (key, provider) if provider is not None else None

    def lose(self, shape: Shape) -> list[Task]:
        """Forget the steps of a shape that wait; return them."""
        lost = list(self._waiting.get(shape, ()))
        for task in lost:
            self.end(task.key)
        return lost

    def need(self, task: Task) -> Need:
        """Return what placing a step takes."""
        usual = self._usual.get(task.kind)
        if usual is None and len(self._waiting.get(_shape(task), ())) >= MANY:
            usual = SHORT_MS
        need = task.need
        sizes = dict(task.sizes)
        usual_ms = None if usual is None else max(1, round(usual))
        only = self._named() if task.is_private else None
        return Need(sizes, usual_ms, need.cores, need.memory, need.disk, only)

    def _queue(self, task: Task, *, is_first: bool = False) -> None:
        self._open[task.key] = task
        queue = self._waiting.setdefault(_shape(task), deque())
        if is_first:
            queue.appendleft(task)
        else:
            queue.append(task)

    def _place(self, shape: Shape, now_ms: int, coming: int) -> Iterator[tuple[PeerId, list[Task]]]:
        queue = self._waiting[shape]
        while queue:
            need = self.need(queue[0])
            providers = coming + self.placement.able(need, now_ms)
            ahead_ms = 0 if coming else AHEAD_MS
            provider = self.placement.choose(need, now_ms, ahead_ms=ahead_ms)
            if provider is None or (coming and self._has_its_share(provider, providers)):
                return
            given = []
            for _ in range(_together(need, len(queue) // (SHARES * providers))):
                task = queue.popleft()
                self._where[task.key] = provider
                self.placement.given(provider, task.key, need)
                given.append(task)
            yield provider, given
        del self._waiting[shape]

    def _has_its_share(self, provider: PeerId, providers: int) -> bool:
        return self.placement.open(provider) * providers >= len(self._open)

    def _settle(self, task: Task, took_ms: int | None) -> None:
        provider = self._where.pop(task.key, None)
        if provider is None:
            queue = self._waiting.get(_shape(task))
            if queue is not None:
                queue.remove(task)
                if not queue:
                    del self._waiting[_shape(task)]
        elif took_ms is None:
            self.placement.dropped(provider, task.key)
        else:
            self.placement.done(provider, task.key, took_ms)
            usual = self._usual.setdefault(task.kind, took_ms)
            self._usual[task.kind] = usual + _WEIGHT * (took_ms - usual)


def _together(need: Need, fair: int) -> int:
    """Return how many steps go together, of a fair number of those that wait."""
    if need.usual_ms is None or need.usual_ms > AHEAD_MS // 2:
        return 1
    return max(1, min(fair, AHEAD_MS // need.usual_ms))


def _shape(task: Task) -> Shape:
    need = task.need
    return Shape(task.kind, need.cores, need.memory, need.disk, task.is_private)
