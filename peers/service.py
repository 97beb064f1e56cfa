"""Service: the steps that we run for one run of somebody else. Pure.

The other half of assignment.py: events in, actions out, durations by our own monotonic clock. Steps
run in the order in which they came. Results go back together: when all is done, when there are
many (half as many as steps are open), or when the first of them has waited long enough; a signature
costs as much as a small step.

>>> service = Service(agreement, at_once=2)                              # doctest: +SKIP
>>> service.handle(Leased(lease, (key,)), now_ms)                        # doctest: +SKIP
(Run(step=key),)
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any, Final

from engine import merkle
from engine.content.cid import Cid
from engine.errors import Damaged
from engine.values import dataclass
from peers.agreement import MAX_LEASE_MS, Agreement, Batch, check_lease
from peers.service_events import (
    Action,
    Blame,
    Cancel,
    Confirmed,
    Connected,
    Event,
    Failed,
    Hand,
    Leased,
    Ran,
    Resend,
    Return,
    Run,
    Stopped,
    Tick,
)

MAX_OPEN: Final = 16_384  # steps that are not ended: four full leases
REMEMBERED: Final = 64  # leases: older ones come again only by mistake, and are passed over
KNOWN: Final = 65_536  # results that may be told again: as many as are in 16 full leases
LINGER_MS: Final = 50  # how long a result waits for company
BUSY: Final = 32  # open steps: with more, nobody waits for one result, and company is cheaper
BUSY_LINGER_MS: Final = 250
FULL: Final = 256  # results: more of them share a signature no cheaper
FEW: Final = 64  # results: the requester deals with these while the last steps still run
FULL_BYTES: Final = 1024 * 1024  # of their records; one record more and a message has room for it


@dataclass(frozen=True, slots=True)
class Past:
    """What a service had said and was told, before the program was started anew."""

    leases: Mapping[int, Cid] = field(default_factory=dict)
    told: int = 0  # batches
    unconfirmed: tuple[int, ...] = ()  # of those
    known: Mapping[Cid, Ran] = field(default_factory=dict)  # step -> what is told of it again


class Service:
    """The steps under one agreement. For one thread."""

    def __init__(self, agreement: Agreement, at_once: int, past: Past | None = None) -> None:
        """Take an agreement that we accepted, and how many of its steps may run at one time.

        Of a past with steps that were open, these are not: whoever knows them gives them back.
        """
        past = past or Past()
        self._agreement = agreement
        self._at_once = at_once
        self._queue: dict[Cid, None] = {}
        self._running: set[Cid] = set()
        self._ends: dict[Cid, int] = {}  # open step -> ms
        self._soonest = 0  # ms: no step ends before
        self._leases = dict(sorted(past.leases.items())[-REMEMBERED:])  # the last ones
        self._last = max(past.leases, default=0)  # lease
        self._known = dict(past.known)  # of what succeeded here
        self._done: dict[Cid, Ran] = {}  # step -> what is not told yet
        self._bytes = 0  # of the records of that
        self._since_ms = 0  # when the first of those was done
        self._told = past.told  # batches
        self._unconfirmed = dict.fromkeys(past.unconfirmed)
        self._handlers: dict[type, Callable[[Any, int], Iterable[Action]]] = {
            Leased: self._on_leased,
            Ran: self._on_ran,
            Failed: self._on_failed,
            Stopped: self._on_stopped,
            Confirmed: self._on_confirmed,
            Connected: self._on_connected,
            Tick: self._on_tick,
        }

    def handle(self, event: Event, now_ms: int) -> tuple[Action, ...]:
        """Take an event; return what is to be done, in order."""
        return self.handle_all((event,), now_ms)

    def handle_all(self, events: Iterable[Event], now_ms: int) -> tuple[Action, ...]:
        """Take some events that came together; return what is to be done, in order."""
        actions = [
            action for event in events for action in self._handlers[type(event)](event, now_ms)
        ]
        return (*actions, *self._start(), *self._tell(now_ms))

    @property
    def is_idle(self) -> bool:
        """Whether nothing is open and all that was done is confirmed: it may be forgotten."""
        return not (self._ends or self._done or self._unconfirmed)

    @property
    def open(self) -> int:
        """How many steps have not ended."""
        return len(self._ends)

    def known(self) -> Iterable[Ran]:
        """Return what may be told again."""
        return self._known.values()

    def is_new(self, number: int) -> bool:
        """Return whether a lease is later than all that came."""
        return number > self._last

    def is_remembered(self, number: int) -> bool:
        """Return whether a lease is one of the last that came."""
        return number in self._leases

    def is_open(self, step: Cid) -> bool:
        """Return whether a step is leased, and has not ended."""
        return step in self._ends

    def _on_leased(self, event: Leased, now_ms: int) -> Iterable[Action]:
        lease = event.lease.value
        held = self._leases.get(lease.number)
        if held == event.lease.cid or (held is None and lease.number <= self._last):
            return  # sent again, as it may be
        if (why := self._complaint(event)) is not None:
            yield Blame(why)
            return
        self._remember(lease.number, event.lease.cid)
        again = [self._known[step] for step in event.steps if self._is_known(step, event)]
        self._finish([ran for ran in again if ran.said.step not in self._done], now_ms)
        new = [step for step in event.steps if not self._is_known(step, event)]
        new = [step for step in dict.fromkeys(new) if step not in self._ends]
        room = max(0, MAX_OPEN - len(self._ends))
        if late := tuple(new[room:]):
            yield Return(late, f"more than {MAX_OPEN} steps are open")
        for step in new[:room]:
            self._queue[step] = None
            self._ends[step] = now_ms + lease.lease_ms
        self._soonest = min(self._soonest, now_ms + lease.lease_ms)

    def _on_ran(self, event: Ran, now_ms: int) -> Iterable[Action]:
        if self._close(event.said.step):
            if event.succeeded:
                self._known[event.said.step] = event
                if len(self._known) > KNOWN:
                    del self._known[next(iter(self._known))]
            self._finish([event], now_ms)
        return ()

    def _on_failed(self, event: Failed, _: int) -> Iterable[Action]:
        if self._close(event.step):
            yield Return((event.step,), event.why)

    def _on_stopped(self, event: Stopped, _: int) -> Iterable[Action]:
        return self._drop(event.step)

    def _on_confirmed(self, event: Confirmed, _: int) -> Iterable[Action]:
        self._unconfirmed.pop(event.number, None)
        return ()

    def _on_connected(self, _: Connected, __: int) -> Iterable[Action]:
        return [Resend(number) for number in self._unconfirmed]

    def _on_tick(self, _: Tick, now_ms: int) -> Iterable[Action]:
        if now_ms < self._soonest:
            return
        for step in [step for step, end in self._ends.items() if now_ms >= end]:
            yield from self._drop(step)
        self._soonest = min(self._ends.values(), default=now_ms + MAX_LEASE_MS)

    def _start(self) -> Iterable[Action]:
        while self._queue and len(self._running) < self._at_once:
            step = next(iter(self._queue))
            del self._queue[step]
            self._running.add(step)
            yield Run(step)

    def _tell(self, now_ms: int) -> Iterable[Action]:
        """Hand results back when there is a reason not to wait for more."""
        linger_ms = BUSY_LINGER_MS if len(self._ends) > BUSY else LINGER_MS
        is_due = now_ms - self._since_ms >= linger_ms or not self._ends
        full = min(FULL, max(FEW, len(self._ends) // 2))
        while self._done and (is_due or len(self._done) >= full or self._bytes >= FULL_BYTES):
            done = self._take()
            said = tuple(ran.said for ran in done)
            self._told += 1
            self._unconfirmed[self._told] = None
            root = merkle.root([one.leaf for one in said])
            yield Hand(Batch(self._agreement.cid, self._told, len(said), root), said, done)

    def _take(self) -> tuple[Ran, ...]:
        """Return what goes in the next batch: the first results, as far as a message has room."""
        taken: list[Ran] = []
        size = 0
        for ran in self._done.values():
            size += ran.size
            if len(taken) == FULL or (taken and size > FULL_BYTES):
                break
            taken.append(ran)
        for ran in taken:
            del self._done[ran.said.step]
        self._bytes -= sum(ran.size for ran in taken)
        return tuple(taken)

    def _is_known(self, step: Cid, event: Leased) -> bool:
        """Return whether a step that is leased is to be told, and not run."""
        return step in self._known and step not in event.fresh

    def _complaint(self, event: Leased) -> str | None:
        """Return what no honest requester would have sent; None when there is nothing to say."""
        try:
            check_lease(self._agreement, event.lease, event.steps)
        except Damaged as error:
            return error.what
        if event.lease.value.number in self._leases:
            return "it signed two leases with one number"
        return None

    def _remember(self, number: int, lease: Cid) -> None:
        self._leases[number], self._last = lease, number
        if len(self._leases) > REMEMBERED:
            del self._leases[next(iter(self._leases))]

    def _drop(self, step: Cid) -> Iterable[Action]:
        if self._close(step):
            yield Cancel(step)

    def _finish(self, done: Iterable[Ran], now_ms: int) -> None:
        """Have results told, also some that were told before: the requester asked again."""
        for ran in done:
            if not self._done:
                self._since_ms = now_ms
            before = self._done.pop(ran.said.step, None)
            self._bytes += ran.size - (before.size if before else 0)
            self._done[ran.said.step] = ran

    def _close(self, step: Cid) -> bool:
        """End an open step; False when it is none."""
        if self._ends.pop(step, None) is None:
            return False
        self._queue.pop(step, None)
        self._running.discard(step)
        return True
