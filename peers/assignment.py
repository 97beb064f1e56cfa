"""Assignment: the steps of one run of ours that one provider runs, as we see them. Pure.

A machine for one offer: events in, actions out. Each step moves as TABLE says; what comes when the
table has no row for it is late, or said twice, and changes nothing. What no honest provider sends
is told as Blame. Whoever drives this makes an action durable before it is sent, and gives the time
of its own monotonic clock with every event.

>>> assignment = Assignment(offer)                      # doctest: +SKIP
>>> assignment.handle(Handed((key,)), now_ms)                            # doctest: +SKIP
()
>>> assignment.handle(Agreed(acceptance), now_ms)                        # doctest: +SKIP
(Reserve(...), HandOver(...))
"""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Final

from engine import merkle
from engine.content.cid import Cid
from engine.errors import Damaged
from peers.agreement import MAX_STEPS, Agreement, Lease, Offer, Said, bind, check_batch
from peers.assignment_events import (
    Action,
    Agreed,
    Attested,
    Blame,
    Declined,
    Event,
    GiveBack,
    Handed,
    HandOver,
    Judge,
    Judged,
    Keep,
    Outcome,
    Reserve,
    Returned,
    Settle,
    Stop,
    Tick,
    Vanished,
    Withdrawn,
)
from peers.signed import Unsealed

GRACE_MS: Final = 5_000  # for a lease to get there and its results to come back


class State(Enum):
    """How far a step is."""

    WAITING = "waiting"  # for the agreement
    LEASED = "leased"
    ATTESTED = "attested"  # the provider signed what came out, and it is being looked at
    ACCEPTED = "accepted"
    DISPUTED = "disputed"  # it is not what it should be; who is wrong is found out elsewhere
    FAILED = "failed"  # the provider could not, for a reason that is not the step's
    EXPIRED = "expired"  # the lease ended, or the provider is not heard of
    CANCELLED = "cancelled"


class Move(Enum):
    """What happens to a step."""

    LEASE = "lease"
    ATTEST = "attest"
    ACCEPT = "accept"
    DISPUTE = "dispute"
    FAIL = "fail"
    EXPIRE = "expire"
    CANCEL = "cancel"


TABLE: Final = {
    (State.WAITING, Move.LEASE): State.LEASED,
    (State.WAITING, Move.FAIL): State.FAILED,
    (State.WAITING, Move.CANCEL): State.CANCELLED,
    (State.LEASED, Move.ATTEST): State.ATTESTED,
    (State.LEASED, Move.FAIL): State.FAILED,
    (State.LEASED, Move.EXPIRE): State.EXPIRED,
    (State.LEASED, Move.CANCEL): State.CANCELLED,
    (State.EXPIRED, Move.ATTEST): State.ATTESTED,  # late: work that is done is not lost
    (State.ATTESTED, Move.ACCEPT): State.ACCEPTED,
    (State.ATTESTED, Move.DISPUTE): State.DISPUTED,
}
_AGAIN: Final = (None, State.FAILED, State.EXPIRED, State.CANCELLED)  # may be handed over


class Assignment:
    """The steps under one offer. For one thread."""

    def __init__(self, offer: Unsealed[Offer]) -> None:
        """Take our signed offer, which the provider has not answered yet."""
        self.states: dict[Cid, State] = {}
        self._offer = offer
        self._agreement: Agreement | None = None
        self._is_closed = False
        self._leases = 0
        self._leased: dict[Cid, None] = {}  # as handed over: whose lease ends first is first
        self._ends: dict[Cid, int] = {}  # leased step -> ms when it is given back
        self._until: dict[Cid, int] = {}  # leased step -> ms until which its result counts
        self._batches: dict[int, Cid] = {}
        self._said: dict[Cid, Said] = {}
        self._handlers: dict[type, Callable[[Any, int], Iterable[Action]]] = {
            Handed: self._on_handed,
            Agreed: self._on_agreed,
            Declined: self._on_declined,
            Attested: self._on_attested,
            Judged: self._on_judged,
            Returned: self._on_returned,
            Withdrawn: self._on_withdrawn,
            Tick: self._on_tick,
            Vanished: self._on_vanished,
        }

    def handle(self, event: Event, now_ms: int) -> tuple[Action, ...]:
        """Take an event; return what is to be done, in order."""
        return tuple(self._handlers[type(event)](event, now_ms))

    def out_ms(self, step: Cid, now_ms: int) -> int:
        """Return for how long a step was out, from when it was last handed over."""
        offer = self._offer.value
        return max(0, now_ms - (self._ends[step] - offer.lease_ms - GRACE_MS))

    def _on_handed(self, event: Handed, now_ms: int) -> Iterable[Action]:
        new = [step for step in event.steps if self.states.get(step) in _AGAIN]
        for step in event.steps:
            if self.states.get(step) is State.DISPUTED:
                yield GiveBack(step, "what the provider said of it was not believed")
        if self._is_closed:
            yield from (GiveBack(step, "the provider takes no more steps") for step in new)
            return
        self.states.update(dict.fromkeys(new, State.WAITING))
        if self._agreement is not None:
            yield from self._lease(new, now_ms)

    def _on_agreed(self, event: Agreed, now_ms: int) -> Iterable[Action]:
        if self._agreement is not None or self._is_closed:
            return  # said twice, or too late
        try:
            self._agreement = bind(self._offer, event.acceptance)
        except Damaged as error:
            yield from self._close(error.what)
            yield Blame(error.what)
            return
        yield from self._lease(self._waiting(), now_ms)

    def _on_declined(self, event: Declined, _: int) -> Iterable[Action]:
        yield from self._close(event.why)

    def _on_attested(self, event: Attested, now_ms: int) -> Iterable[Action]:
        batch = event.batch
        if self._batches.get(batch.value.number) == batch.cid:
            return  # sent again, as it may be
        if (why := self._complaint(event)) is not None:
            yield Blame(why)
            return
        for said in event.said:
            if now_ms < self._until[said.step] and self._move(said.step, Move.ATTEST):
                self._said[said.step] = said
                self._batches[batch.value.number] = batch.cid  # no more of them than steps
                yield Judge(said, batch.cid)

    def _on_judged(self, event: Judged, _: int) -> Iterable[Action]:
        move = Move.ACCEPT if event.is_believed else Move.DISPUTE
        if not self._move(event.step, move):
            return
        if event.is_believed:
            yield Keep(self._said[event.step])
            yield Settle(event.step, "accepted")
        else:
            yield Settle(event.step, "disputed")
            yield GiveBack(event.step, event.why)

    def _on_returned(self, event: Returned, _: int) -> Iterable[Action]:
        yield from self._end(event.step, Move.FAIL, "failed", event.why)

    def _on_withdrawn(self, event: Withdrawn, _: int) -> Iterable[Action]:
        was = self.states.get(event.step)
        if self._move(event.step, Move.CANCEL) and was is State.LEASED:
            yield Stop(event.step)
            yield Settle(event.step, "cancelled")

    def _on_tick(self, _: Tick, now_ms: int) -> Iterable[Action]:
        while self._leased and now_ms >= self._ends[step := next(iter(self._leased))]:
            yield from self._end(step, Move.EXPIRE, "expired", "its lease has ended")

    def _on_vanished(self, _: Vanished, __: int) -> Iterable[Action]:
        for step in tuple(self._leased):
            yield from self._end(step, Move.EXPIRE, "expired", "the provider has vanished")
        if self._agreement is None:
            yield from self._close("the provider has vanished")

    def _lease(self, steps: list[Cid], now_ms: int) -> Iterable[Action]:
        """Hand waiting steps over, as many at a time as a lease holds."""
        offer = self._offer.value
        for at in range(0, len(steps), MAX_STEPS):
            part = tuple(steps[at : at + MAX_STEPS])
            self._leases += 1
            for step in part:
                self._move(step, Move.LEASE)
                self._ends[step] = now_ms + offer.lease_ms + GRACE_MS
                self._until[step] = self._ends[step] + offer.claim_ms
            root = merkle.root([step.raw for step in part])
            lease = Lease(self._offer.cid, self._leases, len(part), root, offer.lease_ms)
            yield Reserve(part)
            yield HandOver(lease, part)

    def _complaint(self, event: Attested) -> str | None:
        """Return what no honest provider would have sent; None when there is nothing to say."""
        if self._agreement is None:
            return "it says what came out of steps that it never agreed to run"
        try:
            check_batch(self._agreement, event.batch, event.said)
        except Damaged as error:
            return error.what
        if event.batch.value.number in self._batches:
            return "it signed two batches with one number"
        steps = [said.step for said in event.said]
        if len(set(steps)) != len(steps) or not all(step in self._ends for step in steps):
            return "it says what came out of a step that it was not given, or says it twice"
        if any(self._said.get(said.step, said) != said for said in event.said):
            return "it signed two results of one step"
        return None

    def _close(self, why: str) -> Iterable[Action]:
        """Hand over nothing from now on; what was handed over goes on."""
        self._is_closed = True
        for step in self._waiting():
            self._move(step, Move.FAIL)
            yield GiveBack(step, why)

    def _end(self, step: Cid, move: Move, outcome: Outcome, why: str) -> Iterable[Action]:
        was = self.states.get(step)
        if self._move(step, move):
            if was is State.LEASED:
                yield Settle(step, outcome)
            yield GiveBack(step, why)

    def _waiting(self) -> list[Cid]:
        return [step for step, held in self.states.items() if held is State.WAITING]

    def _move(self, step: Cid, move: Move) -> bool:
        """Move a step; False when the table does not know how."""
        after = TABLE.get((self.states[step], move)) if step in self.states else None
        if after is None:
            return False
        self.states[step] = after
        self._leased.pop(step, None)
        if after is State.LEASED:
            self._leased[step] = None
        return True
