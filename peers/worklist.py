"""Worklist: the steps of one run that peers are to run, and who is given which. Pure.

Steps go out in the order in which they came. Many short ones go together: as many as a provider
does in AHEAD_MS, and no more than its share of what waits, so that idle peers are used. When
nothing waits any more, a step that takes far longer than its kind is given to another one too.

>>> work = Worklist(frozenset)
>>> work.join(provider, Room(cores=2))                                   # doctest: +SKIP
>>> work.add(tasks)                                                      # doctest: +SKIP
>>> work.place(now_ms)                                                   # doctest: +SKIP
[(PeerId(...), (Task(...), Task(...)))]
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from engine.content.cid import Cid
from peers.copies import Copies
from peers.identity import PeerId
from peers.pace import Pace
from peers.placement import Need, Placement, Room
from peers.purse import Purse
from peers.queues import Queues
from peers.recalls import Recalls
from peers.run_frames import Task
from peers.shape import Shape, shape_of

AHEAD_MS: Final = 1_000  # of work that a provider has beside what it runs
SHARES: Final = 4  # in which a provider gets what it does of many steps: speeds differ
MANY: Final = 64  # steps of a kind that was never run; they are taken for short
SHORT_MS: Final = 100  # then


class Ended(NamedTuple):
    """A step that has ended, and who has it without need."""

    task: Task
    others: tuple[PeerId, ...]


class Worklist:
    """The steps of a run that have not ended. For one thread."""

    def __init__(self, named: Callable[[], frozenset[PeerId]]) -> None:
        """Take what says which peers the user named: only those are given private steps."""
        self.placement = Placement()
        self._named = named
        self._open: dict[Cid, Task] = {}  # waiting, or out
        self._again: dict[Cid, deque[Task]] = {}  # of a key that is open
        self._numbers: dict[int, Cid] = {}
        self._pace = Pace()
        self._queues = Queues()
        self._recalls = Recalls()
        self._copies = Copies(self._pace)
        self._now_ms = 0

    def __len__(self) -> int:
        """How many steps have not ended."""
        return len(self._numbers)

    def join(self, provider: PeerId, room: Room, purse: Purse | None = None) -> None:
        """Take a provider that may be given steps."""
        self.placement.join(provider, room, purse)

    def leave(self, provider: PeerId) -> None:
        """Give a provider nothing for now."""
        self.placement.leave(provider)

    def add(self, tasks: Iterable[Task], now_ms: int = 0) -> None:
        """Take steps; one whose key is open runs after that one has ended."""
        self._now_ms = max(self._now_ms, now_ms)
        for task in tasks:
            self._numbers[task.number] = task.key
            if task.usual_ms is not None:
                self._pace.expect(task.kind, task.usual_ms)
            if task.key in self._open:
                self._again.setdefault(task.key, deque()).append(task)
            else:
                self._queue(task)

    def task(self, key: Cid) -> Task | None:
        """Return the open step of a key."""
        return self._open.get(key)

    def shapes(self) -> dict[Shape, int]:
        """Return how many steps of each shape wait."""
        shapes = Counter(self._queues.counts())
        shapes.update(map(shape_of, self._recalls.tasks()))
        return shapes

    def usual_ms(self, shape: Shape) -> int | None:
        """Return how long steps of a shape take, if that is known."""
        return self._pace.of(shape.kind)

    def makers(self) -> frozenset[PeerId]:
        """Return who is waited for, having run steps before."""
        return frozenset(self._recalls.makers())

    def place(self, now_ms: int, *, coming: int = 0) -> list[tuple[PeerId, tuple[Task, ...]]]:
        """Give out what there is room for; return who gets what.

        `coming`: how many more providers there will be in a moment: until then, nobody gets more
        than its share, or than it runs at once.
        """
        self._now_ms = max(self._now_ms, now_ms)
        placed: dict[PeerId, list[Task]] = {}
        for provider, tasks in self._recall(now_ms):
            placed[provider] = tasks
        for shape in self._queues.counts():
            for provider, tasks in self._place(shape, now_ms, coming):
                placed.setdefault(provider, []).extend(tasks)
        return [(provider, tuple(tasks)) for provider, tasks in placed.items()]

    def late(self, now_ms: int) -> list[Task]:
        """Return the steps that providers have for far too long, while none waits."""
        return [] if self._queues.counts() else self._copies.late(now_ms)

    def having(self, key: Cid) -> tuple[PeerId, ...]:
        """Return who has a step."""
        return self._copies.of(key)

    def took_ms(self, key: Cid, said_ms: int, now_ms: int) -> int:
        """Return how long a step took, as its provider says: no longer than it was out."""
        return self._copies.took_ms(key, said_ms, now_ms)

    def second(self, task: Task, now_ms: int) -> PeerId | None:
        """Give a step that is late to one more provider, which is idle; return to whom, if any."""
        need = self.need(task)
        others = self.placement.providers() - {*self._copies.of(task.key)}
        need = replace(need, only=others if need.only is None else others & need.only)
        provider = self.placement.choose(need, now_ms)
        if provider is not None:
            self.placement.given(provider, task.key, need)
            self._copies.add(task.key, provider)
        return provider

    def give_back(self, key: Cid, provider: PeerId, now_ms: int, *, is_bad: bool) -> None:
        """Let a step that a provider did not do be done by another."""
        if provider not in self._copies.of(key):
            return
        if is_bad:
            self.placement.failed(provider, key, now_ms)
        else:
            self.placement.dropped(provider, key)
        if not self._copies.take(key, provider):
            task = self._open[key]
            self._queue(task._replace(maker=b"") if is_bad else task, is_first=True)

    def done(self, key: Cid, provider: PeerId, took_ms: int) -> Ended | None:
        """Count a step no more that a provider did; None when it is not open."""
        task = self._open.get(key)
        if task is None:
            return None
        self._pace.learn(task.kind, took_ms)
        having = self._take(task)
        if provider in having:
            self.placement.done(provider, key, took_ms)
        return self._end(task, tuple([one for one in having if one != provider]))

    def end(self, key: Cid) -> Ended | None:
        """Count a step no more that is not done; None when it is not open."""
        task = self._open.get(key)
        return None if task is None else self._end(task, self._take(task))

    def drop(self, number: int) -> Ended | None:
        """Forget a step that nobody wants; None when it is not open, or its key still is."""
        key = self._numbers.get(number)
        if key is None:
            return None
        if self._open[key].number == number:
            return self.end(key)
        del self._numbers[number]
        later = self._again[key]
        later.remove(next(one for one in later if one.number == number))
        if not later:
            del self._again[key]
        return None

    def lose(self, shape: Shape) -> list[Task]:
        """Forget the steps of a shape that wait; return them."""
        lost = self._queues.all(shape)
        for task in lost:
            self.end(task.key)
        return lost

    def need(self, task: Task) -> Need:
        """Return what placing a step takes."""
        usual_ms = self._pace.of(task.kind)
        if usual_ms is None and self._queues.count(shape_of(task)) >= MANY:
            usual_ms = SHORT_MS
        need, sizes = task.need, dict(task.sizes)
        only = self._named() if task.is_private else None
        apart = frozenset(map(PeerId, task.apart)) if task.apart else frozenset()
        return Need(sizes, usual_ms, need.cores, need.memory, need.disk, only, apart)

    def _queue(self, task: Task, *, is_first: bool = False) -> None:
        if task.maker and not self._may_have(task, PeerId(task.maker)):
            task = task._replace(maker=b"")
        self._open[task.key] = task
        if task.maker:
            self._recalls.add(task, self._now_ms)
        else:
            self._queues.add(task, is_first=is_first)

    def _may_have(self, task: Task, provider: PeerId) -> bool:
        return not task.is_private or provider in self._named()

    def _recall(self, now_ms: int) -> Iterator[tuple[PeerId, list[Task]]]:
        """Give steps to who ran them before, who need not run them again, however busy."""
        for provider in self._recalls.makers():
            if self.placement.is_there(provider, now_ms):
                tasks = self._recalls.take(provider)
                for task in tasks:
                    self._give(task, provider, self.need(task), now_ms)
                yield provider, tasks
            else:
                for task in self._recalls.take_late(provider, now_ms):
                    self._queue(task._replace(maker=b""))

    def _give(self, task: Task, provider: PeerId, need: Need, now_ms: int) -> None:
        self._copies.give(task, provider, now_ms)
        self.placement.given(provider, task.key, need)

    def _place(self, shape: Shape, now_ms: int, coming: int) -> Iterator[tuple[PeerId, list[Task]]]:
        while (first := self._queues.first(shape)) is not None:
            need = self.need(first)
            providers = coming + self.placement.able(need, now_ms)
            ahead_ms = 0 if coming else AHEAD_MS
            provider = self.placement.choose(need, now_ms, ahead_ms=ahead_ms)
            if provider is None or (coming and self._has_its_share(provider, providers)):
                return
            fair = self._queues.count(shape) // (SHARES * providers)
            paid = self.placement.affords(provider, need)
            given = self._queues.take(shape, min(_together(need, fair), paid))
            for task in given:
                self._give(task, provider, need, now_ms)
            yield provider, given

    def _has_its_share(self, provider: PeerId, providers: int) -> bool:
        return self.placement.open(provider) * providers >= len(self._open)

    def _take(self, task: Task) -> tuple[PeerId, ...]:
        """Have a step wait no more; return who has it."""
        having = self._copies.end(task.key)
        if not having:
            (self._recalls if task.maker else self._queues).remove(task)
        return having

    def _end(self, task: Task, others: tuple[PeerId, ...]) -> Ended:
        """Count a step no more that others have in vain. One with the same key has its turn."""
        key = task.key
        del self._open[key], self._numbers[task.number]
        for provider in others:
            self.placement.dropped(provider, key)
        if later := self._again.get(key):
            self._queue(later.popleft())
            if not later:
                del self._again[key]
        return Ended(task, others)


def _together(need: Need, fair: int) -> int:
    """Return how many steps go together, of a fair number of those that wait."""
    if need.usual_ms is None or need.usual_ms > AHEAD_MS // 2:
        return 1
    return max(1, min(fair, AHEAD_MS // need.usual_ms))
