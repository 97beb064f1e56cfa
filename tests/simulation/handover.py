"""Two peers, one run: the real machines of both sides over a network that loses what it likes.

Time is virtual and the seed decides everything; what a side has saved is told again until the other
has confirmed it.
"""

import heapq
import random
from dataclasses import dataclass, field
from typing import Any

from engine.content.cid import DAG_CBOR, Cid
from peers import assignment_events as ours
from peers import service_events as theirs
from peers.agreement import (
    ACCEPTANCE,
    BATCH,
    LEASE,
    OFFER,
    Acceptance,
    Offer,
    Said,
    bind,
)
from peers.assignment import Assignment
from peers.service import Service
from peers.signed import seal, unseal
from tests.peers.keys import identity

WE, THEY = identity(1), identity(2)
LEASE_MS, CLAIM_MS = 20_000, 10_000
RECONNECT_MS = 500


def key(number: int) -> Cid:
    """Return the key of some step."""
    return Cid.of(DAG_CBOR, b"step %d" % number)


def truth(step: Cid) -> Said:
    """Return what an honest provider says of a step."""
    return Said(step, Cid.of(DAG_CBOR, b"result" + step.raw), Cid.of(DAG_CBOR, b"said" + step.raw))


@dataclass
class Handover:
    """A requester and a provider, and what is on its way between them."""

    seed: int
    steps: int
    loss: float = 0.2
    now_ms: int = 0
    trace: list[str] = field(default_factory=list)
    kept: dict[Cid, Said] = field(default_factory=dict)
    blamed: list[str] = field(default_factory=list)
    runs: int = 0

    def __post_init__(self) -> None:
        """Agree; hand everything over."""
        self.random = random.Random(self.seed)  # noqa: S311 - repeatable, not secret
        self._events: list[tuple[int, int, Any]] = []
        self._count = 0
        terms = Offer(
            bytes(16), WE.public_key, THEY.public_key, {}, 0, "own", (), 2, 1, 1, LEASE_MS, CLAIM_MS
        )
        self.offer = unseal(OFFER, seal(OFFER, terms, WE).data)
        yes = Acceptance(self.offer.cid)
        self.yes = unseal(ACCEPTANCE, seal(ACCEPTANCE, yes, THEY).data)
        self.assignment = Assignment(self.offer)
        self.service = self._new_service()
        self._leases: dict[int, theirs.Leased] = {}  # the requester's outbox
        self._batches: dict[int, ours.Attested] = {}  # the provider's, on its disk
        self._tell(ours.Agreed(self.yes))
        self._tell(ours.Handed(tuple(map(key, range(self.steps)))))
        self._later(RECONNECT_MS, self._reconnect)

    def run(self, until_ms: int = 600_000) -> None:
        """Let time pass until every step is kept."""
        while self._events and len(self.kept) < self.steps and self.now_ms < until_ms:
            self.now_ms, _, happens = heapq.heappop(self._events)
            happens()
            self._tell(ours.Tick())
            self._serve(theirs.Tick())

    def _new_service(self) -> Service:
        return Service(bind(self.offer, self.yes), at_once=2)

    def _later(self, delay_ms: int, happens: Any) -> None:
        self._count += 1
        heapq.heappush(self._events, (self.now_ms + delay_ms, self._count, happens))

    def _send(self, deliver: Any) -> None:
        """Lose it, deliver it once, or twice, sooner or later."""
        if self.random.random() < self.loss:
            return
        for _ in range(2 if self.random.random() < self.loss else 1):
            self._later(self.random.randrange(1, 400), deliver)

    def _tell(self, event: ours.Event) -> None:
        for action in self.assignment.handle(event, self.now_ms):
            self.trace.append(f"{self.now_ms} we {type(action).__name__}")
            self._do(action)

    def _do(self, action: ours.Action) -> None:
        match action:
            case ours.HandOver(lease, steps):
                signed = unseal(LEASE, seal(LEASE, lease, WE).data)
                leased = self._leases[lease.number] = theirs.Leased(signed, steps)
                self._send(lambda: self._receive(leased))
            case ours.Judge(said):
                believed = ours.Judged(said.step, said == truth(said.step), "it is wrong")
                self._later(self.random.randrange(1, 50), lambda: self._tell(believed))
            case ours.Keep(said):
                assert said.step not in self.kept, "kept twice"
                self.kept[said.step] = said
            case ours.GiveBack(step):
                again = ours.Handed((step,))  # nobody else is there
                self._later(self.random.randrange(1, 2_000), lambda: self._tell(again))
            case ours.Blame(why):
                self.blamed.append(why)

    def _receive(self, leased: theirs.Leased) -> None:
        self._serve(leased)
        self._send(lambda: self._leases.pop(leased.lease.value.number, None))

    def _serve(self, event: theirs.Event) -> None:
        for action in self.service.handle(event, self.now_ms):
            self.trace.append(f"{self.now_ms} they {type(action).__name__}")
            self._act(action)

    def _act(self, action: theirs.Action) -> None:
        match action:
            case theirs.Run(step):
                self._start(step)
            case theirs.Hand(batch, said):
                signed = unseal(BATCH, seal(BATCH, batch, THEY).data)
                attested = self._batches[batch.number] = ours.Attested(signed, said)
                self._send(lambda: self._take(attested))
            case theirs.Resend(number):
                attested = self._batches[number]
                self._send(lambda: self._take(attested))
            case theirs.Return(steps, why):
                for step in steps:
                    returned = ours.Returned(step, why)
                    self._send(lambda returned=returned: self._tell(returned))
            case theirs.Blame(why):
                self.blamed.append(why)

    def _start(self, step: Cid) -> None:
        self.runs += 1
        service = self.service

        def end() -> None:
            if service is self.service:  # not of one that has crashed
                fails = self.random.random() < self.loss / 4
                done = theirs.Failed(step, "no disk") if fails else theirs.Ran(truth(step))
                self._serve(done)

        self._later(self.random.randrange(5, 3_000), end)

    def _take(self, attested: ours.Attested) -> None:
        self._tell(attested)
        confirmed = theirs.Confirmed(attested.batch.value.number)
        self._send(lambda: self._serve(confirmed))

    def _reconnect(self) -> None:
        """Tell again, on both sides, what the other has not confirmed."""
        for leased in tuple(self._leases.values()):
            self._send(lambda leased=leased: self._receive(leased))
        self._serve(theirs.Connected())
        self._later(RECONNECT_MS, self._reconnect)
