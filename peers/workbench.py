"""Workbench: runs steps for others on this machine.

Nothing here waits in the node's thread: steps run in slots, what came out is made durable by a
recorder, what they take is read by one more thread (side_threads.py). All post back by `wake`.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from itertools import count
from threading import RLock
from typing import Final, Literal, NamedTuple, TypeAlias, TypeVar

from engine.content.blocks import Block, ManyStore
from engine.content.cid import Cid
from engine.errors import Refused, TallyError
from engine.memo import Memo
from engine.presence import Hold
from engine.recorder import Recorder
from engine.rows import Name
from engine.runner import CANCELLED, Order, Report
from engine.sandbox.base import Limits
from engine.slots import Slots
from engine.step import STEP, Step
from peers.agreement import Said
from peers.carried import Carried
from peers.house import Share
from peers.identity import PeerId
from peers.keeper import Keeper
from peers.made import Made, made_of, records_of, whole
from peers.mistake import contained
from peers.noting import Noting
from peers.recording import Recording
from peers.side_threads import SideThreads
from peers.step_messages import Need
from peers.turns import Turns
from peers.wake import Wake

T = TypeVar("T")


class Task(NamedTuple):
    """A step that is to be run: all it takes is here."""

    owner: Cid  # an agreement
    requester: PeerId
    number: int  # another one whenever a step is begun again
    step: Cid
    need: Need
    closure: Cid  # what its environment carries, which is in its place


_MS: Final = 1_000_000  # ns

Outcome: TypeAlias = Made | TallyError
Told = Callable[[Sequence[tuple[Task, Outcome]]], None]


class Workbench:
    """The slots of this machine, as they are lent. For the node's thread, unless it says so."""

    def __init__(
        self,
        slots: Slots,
        store: ManyStore,
        hold: Hold,
        memo: Memo,
        recorder: Recorder,
        keeper: Keeper,
        threads: SideThreads,
        wake: Wake,
    ) -> None:
        """Take slots, which are closed with it."""
        self._hold = hold
        self._slots = slots
        self._store = store
        self._noting = Noting(store, keeper)
        self._threads = threads
        self._wake = wake
        self._recording: Recording[Task] = Recording(recorder, memo, self._on_recorded)
        self._lock = RLock()  # over all that follows
        self._coming: list[tuple[Task, Carried | None]] = []  # to be prepared
        self._told: dict[Task, Told] = {}
        self._ended: list[tuple[Task, Outcome]] = []  # to be told
        self._orders: dict[Task, Order] = {}
        self._turns: Turns[Cid, Task] = Turns()
        self._names: dict[Task, Name] = {}  # of those that run
        self._begun: dict[Task, int] = {}  # of those, when: monotonic ns
        self._cancelled: set[Task] = set()  # of those
        self._numbers = count(1)

    @property
    def running(self) -> int:
        """How many steps run now."""
        return self._turns.taken

    def join(self, owner: Cid, share: Share) -> None:
        """Lend a share of this machine."""
        with self._lock:
            self._turns.join(owner, share)

    def leave(self, owner: Cid) -> None:
        """Lend to an agreement no more, of which nothing runs."""
        with self._lock:
            self._turns.leave(owner)

    def begin(self, task: Task, carried: Carried | None, told: Told) -> None:
        """Run a step; `told` hears what came of it and of others, unless it is cancelled."""
        with self._lock:
            is_first = not self._coming
            self._coming.append((task, carried))
            self._told[task] = told
        if is_first:  # more may follow at once: they are read together
            self._wake(self._prepare_all)

    def cancel(self, task: Task) -> int:
        """End a step, or do not begin it; nothing is told of it any more.

        Return how many milliseconds it had run.
        """
        with self._lock:
            self._told.pop(task, None)
            if task in self._names:
                self._cancelled.add(task)
                return (time.monotonic_ns() - self._begun[task]) // _MS
            if self._turns.drop(task.owner, task):
                del self._orders[task]
            return 0

    def tick(self) -> None:
        """Cancel again what did not hear it: it may not have begun."""
        with self._lock:
            for task in tuple(self._cancelled):
                self._slots.cancel(self._names[task])

    def records(self, said: Iterable[Said]) -> list[Block]:
        """Return the records that results are told with. For any thread.

        Raises: Unavailable when some are not here.
        """
        return records_of(self._store, said)

    def whole(self, said: Iterable[Said]) -> list[Made]:
        """Return those results that are good, and here with all that they gave. For any thread."""
        return whole(self._store, self._hold, said)

    def close(self) -> None:
        """End all that runs."""
        with self._lock:
            self._told.clear()
            self._coming.clear()
        self._slots.close()

    def _prepare_all(self) -> None:
        """Prepare what came together; what has to be read for it may wait for the disk."""
        with self._lock:
            coming, self._coming = self._coming, []
        read = [(task, carried) for task, carried in coming if carried is None]
        if read:
            self._threads.begin(partial(self._prepare, read))
        if len(read) < len(coming):
            self._prepare([(task, carried) for task, carried in coming if carried is not None])

    def _pass_on(self) -> None:
        """Tell what came of steps, each owner of all of its own at once."""
        with self._lock:
            ended, self._ended = self._ended, []
            told = [(self._told.pop(task, None), task, outcome) for task, outcome in ended]
        owners: dict[Told, list[tuple[Task, Outcome]]] = {}
        for tell, task, outcome in told:
            if tell is not None:
                owners.setdefault(tell, []).append((task, outcome))
        for tell, outcomes in owners.items():
            self._wake(partial(tell, outcomes))  # each by itself: a mistake at one is no other's

    # in the reader's thread, or where nothing is read in the node's

    def _prepare(self, coming: Sequence[tuple[Task, Carried | None]]) -> None:
        for task, carried in coming:
            try:
                order = self._order(task, carried)
            except Exception as error:
                self._tell([(task, contained(error))])
                continue
            with self._lock:
                if task in self._told:
                    self._orders[task] = order
                    self._turns.add(task.owner, task, share_of(task.need))
        self._fill()

    def _order(self, task: Task, carried: Carried | None) -> Order:
        step = carried.step if carried else STEP.decode(self._store.get(task.step))
        blocks = (carried.block,) if carried else ()
        if step.closure != task.closure:
            raise Refused("the environment that came with a step is not its own")
        need = task.need
        limits = Limits(memory=need.memory, disk=need.disk, wall_ms=need.wall_ms)
        return Order(task.step, step, blocks, limits, task.requester.key)

    # in any thread

    def _fill(self) -> None:
        """Begin what there is room for."""
        with self._lock:
            while self._slots.has_idle and (task := self._turns.take()) is not None:
                name = ("", next(self._numbers))  # the number alone tells it from others
                self._names[task] = name
                self._begun[task] = time.monotonic_ns()
                done = partial(self._on_end, task)
                self._slots.start(name, self._orders[task], _unheard, done)

    # in the thread of a slot

    def _on_end(self, task: Task, future: "Future[Report]") -> None:
        error = _raised(future)
        with self._lock:
            del self._names[task], self._begun[task]
            was_cancelled = task in self._cancelled
            self._cancelled.discard(task)
            self._turns.give_back(task)
            order = self._orders.pop(task)
            if isinstance(error, CancelledError) and not was_cancelled:
                self._orders[task] = order  # another step failed just before this one began
                self._turns.add(task.owner, task, share_of(task.need))
                was_cancelled = True
        self._fill()
        if not was_cancelled:
            self._judge(task, order.step, future.result() if error is None else error)

    def _judge(self, task: Task, step: Step, end: Report | BaseException) -> None:
        if not isinstance(end, BaseException):
            try:
                self._noting.read(step)
            except Exception as error:
                end = error
        if isinstance(end, BaseException):
            self._tell([(task, contained(end))])
        elif end.attestation.reason != CANCELLED:
            self._recording.add(task, end)
            if self._slots.has_idle:  # somebody may be waiting for this
                self._recording.hurry()

    # in the recorder's thread

    def _on_recorded(self, ended: Sequence[tuple[Task, Report]], outcome: "Future[None]") -> None:
        if (error := _raised(outcome)) is not None:
            self._tell([(task, contained(error)) for task, _ in ended])
        else:
            self._tell([(task, self._made(report)) for task, report in ended])

    def _made(self, report: Report) -> Outcome:
        try:
            return self._noting.made(made_of(report))
        except Exception as error:
            return contained(error)

    def _tell(self, outcomes: Sequence[tuple[Task, Outcome]]) -> None:
        with self._lock:
            is_first = not self._ended
            self._ended += outcomes
        if is_first:  # many end at a time
            self._wake(self._pass_on)


def share_of(need: Need) -> Share:
    """Return what a step uses while it runs."""
    return Share(need.cores, need.memory, need.disk)


def _raised(future: "Future[T]") -> BaseException | None:
    """Return what a future that is done raises."""
    return CancelledError() if future.cancelled() else future.exception()


def _unheard(stream: Literal["stdout", "stderr"], data: bytes) -> None:
    """Show nobody what a step of somebody else prints."""
