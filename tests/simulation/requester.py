"""Requester: a peer as it has its runs done by others: the real plan, placement and assignments.

A result is durable before its batch is answered and before the run hears of it.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from random import Random

from engine import plan_events
from engine.admission import Capacity
from engine.content.cid import Cid
from engine.errors import Damaged
from engine.plan import Plan
from engine.step import RESULT
from engine.workflow.graph import Group
from peers import assignment_events as events
from peers import batch_messages, offer_messages, step_messages
from peers.agreement import LEASE, OFFER, Lease, Offer, Said
from peers.assignment import Assignment, State
from peers.identity import PeerId
from peers.placement import Need, Placement, Room
from peers.signed import seal, unseal
from tests.simulation import work
from tests.simulation.agenda import Agenda
from tests.simulation.deal import Deal, Pending
from tests.simulation.depot import Depot
from tests.simulation.disk import Writer
from tests.simulation.hashed import Hashed
from tests.simulation.network import Wire
from tests.simulation.post import Post
from tests.simulation.promises import Promises
from tests.simulation.registrar import Registrar
from tests.simulation.watch import Held

LEASE_MS, CLAIM_MS = 15_000, 10_000
DEADLINE_MS = 5_000
VANISHED_MS = 6_000  # without a connection
LOOKS = 3  # at what was attested: 8 s each without its provider
NEED = step_messages.Need(work.ENVIRONMENT.cid, 1, 1, 60_000)
SLOTS = 64  # steps that a run has open at a time


class Run:
    """One run, from its beginning in this life."""

    def __init__(self, number: int, groups: tuple[Group, ...], slots: int) -> None:
        self.number = number
        self.by_name = {group.step: group for group in groups}
        self.plan = Plan(groups, Capacity(slots, slots, 10**6), keep_going=True)
        self.results: dict[tuple[str, int], Cid] = {}  # instance -> step
        self.open: dict[Cid, tuple[str, int]] = {}


class Requester:
    """One life's."""

    def __init__(
        self,
        signer: Hashed,
        post: Post,
        writer: Writer,
        depot: Depot,
        registrar: Registrar,
        agenda: Agenda,
        random: Random,
        promises: Promises,
    ) -> None:
        self.graph: Callable[[Random], tuple[Group, ...]] = work.graph
        self.slots = SLOTS
        self.carries = True  # what is small comes with a lease; else it is fetched
        self._signer = signer
        self._me = signer.peer
        self._post = post
        self._writer = writer
        self._depot = depot
        self._registrar = registrar
        self._agenda = agenda
        self._random = random
        self._promises = promises
        self._submitted: set[int] = set()
        self._runs: list[Run] = []
        self._placement = Placement()
        self._deals: dict[PeerId, Deal] = {}
        self._old: dict[Cid, Deal] = {}  # all deals, by agreement
        self._waiting: dict[Cid, None] = {}
        self._at: dict[Cid, set[PeerId]] = {}  # open step -> who has it
        self._asked: dict[bytes, tuple[Wire, Deal, int]] = {}  # 0: the offer; else a lease
        self._gone_ms: dict[PeerId, int] = {}

    def submit(self, number: int, seed: int) -> None:
        """Take a run; it is acknowledged once it is saved."""
        if number in self._submitted:
            return
        self._submitted.add(number)

        def saved() -> None:
            self._promises.submitted(self._me, number)
            self._begin(number, seed)

        self._writer.save(saved, runs=(number, seed))

    def resume(self) -> None:
        """Begin again all that had not ended when the last life did."""
        for number, seed in tuple(self._writer.table("runs").items()):
            self._submitted.add(number)
            self._promises.submitted(self._me, number)
            self._begin(number, seed)

    # a part

    def opened(self, peer: PeerId) -> None:
        """Note that a peer is there."""
        self._gone_ms.pop(peer, None)

    def gone(self, peer: PeerId) -> None:
        """Note that a peer may have vanished."""
        self._gone_ms[peer] = self._agenda.now_ms
        self._placement.leave(peer)

    def closed(self, wire: Wire) -> None:
        """Take what was asked on a connection for unanswered."""
        for key in [key for key, (on, _, _) in self._asked.items() if on is wire]:
            self.unanswered(key)

    def unanswered(self, key: bytes) -> None:
        """Have it asked again at the next tick."""
        if asked := self._asked.pop(key, None):
            _, deal, number = asked
            deal.unanswered(number)

    def answered(self, peer: PeerId, kind: int, key: bytes, body: bytes) -> None:
        """Take an answer."""
        asked = self._asked.pop(key, None)
        if asked is None:
            return
        _, deal, number = asked
        deal.answered(number)
        if kind == offer_messages.OFFER_TYPE + 1:
            answer = offer_messages.read_answer(body)
            if isinstance(answer, offer_messages.Refusal):
                self._tell(deal, events.Declined(answer.why))
                self._close(deal)
            else:
                self._tell(deal, events.Agreed(answer))
        self._ask(deal)

    def asked(self, wire: Wire, peer: PeerId, kind: int, key: bytes, body: bytes) -> None:
        """Take a request."""
        if kind == batch_messages.BATCH_TYPE:
            self._on_batch(wire, peer, key, body)
            return
        steps = step_messages.read_steps(body)
        if (deal := self._old.get(steps.agreement)) and deal.provider == peer:
            for step in steps.steps:
                self._tell(deal, events.Returned(step, steps.why))
            self._close(deal)  # it may have lost what it was told: begin anew
        self._post.reply(wire, key, b"")

    def tick(self) -> None:
        """Tell the time, place what waits, ask again."""
        now_ms = self._agenda.now_ms
        for peer in [p for p, at in self._gone_ms.items() if now_ms - at >= VANISHED_MS]:
            del self._gone_ms[peer]
            for deal in [deal for deal in self._old.values() if deal.provider == peer]:
                self._tell(deal, events.Vanished())
            if deal := self._deals.get(peer):
                self._close(deal)
        for deal in tuple(self._old.values()):
            self._tell(deal, events.Tick())
        if self._waiting:
            self._recruit()
            self._place()
        for deal in tuple(self._deals.values()):
            self._ask(deal)

    def held(self) -> Iterator[Held]:
        """Return the open steps that providers have."""
        for step, providers in self._at.items():
            if providers:
                states = (deal.assignment.states.get(step) for deal in self._old.values())
                yield Held(step, frozenset(providers), State.ATTESTED in states)

    # the plan

    def _begin(self, number: int, seed: int) -> None:
        run = Run(number, self.graph(Random(seed)), self.slots)  # noqa: S311
        self._runs.append(run)
        self._follow(run, run.plan.begin())

    def _follow(self, run: Run, actions: Iterable[plan_events.Action]) -> None:
        for action in actions:
            match action:
                case plan_events.Resolve(step, indexes):
                    self._resolve(run, step, indexes)
                case plan_events.Start(step, index):
                    self._start(run, step, index)
                case plan_events.Finish(status):
                    self._finish(run, status)

    def _resolve(self, run: Run, step: str, indexes: range) -> None:
        memo = self._writer.table("memo")
        reusable, missing = [], []
        for index in indexes:
            key = self._key(run, step, index)
            run.results[step, index] = key
            done = key in memo and not work.exit_code(key)
            (reusable if done else missing).append(index)
        self._follow(run, run.plan.handle(plan_events.Resolved(step, reusable, missing)))

    def _key(self, run: Run, step: str, index: int) -> Cid:
        read = work.reads(run.by_name, step, index)
        inputs = [work.output(run.results[each])[0].cid for each in read]
        block = work.step(run.number, step, index, inputs)
        self._writer.put([(block.cid, block.data), (work.ENVIRONMENT.cid, work.ENVIRONMENT.data)])
        self._promises.asked(block.cid)
        return block.cid

    def _start(self, run: Run, step: str, index: int) -> None:
        key = run.results[step, index]
        run.open[key] = (step, index)
        self._at[key] = set()
        self._waiting[key] = None

    def _finish(self, run: Run, status: str) -> None:
        self._runs.remove(run)

        def saved() -> None:
            self._promises.ended(self._me, run.number, status)
            if not self._runs:
                self._let_go()

        self._writer.save(saved, runs=(run.number, None), ended=(run.number, status))

    def _let_go(self) -> None:
        for deal in self._deals.values():
            self._depot.withdraw(deal.agreement)
        self._deals.clear()

    # where steps go

    def _recruit(self) -> None:
        """Look who there is."""
        able = self._registrar.candidates()
        for peer in able:
            self._placement.join(peer, Room(2))
        for peer in [peer for peer in self._deals if peer not in able]:
            self._placement.leave(peer)

    def _place(self) -> None:
        if not self._waiting:
            return
        now_ms = self._agenda.now_ms
        handed: dict[PeerId, list[Cid]] = {}
        need = Need({work.ENVIRONMENT.cid: len(work.ENVIRONMENT.data)}, 1_000)
        for key in tuple(self._waiting):
            peer = self._placement.choose(need, now_ms, ahead_ms=1_000)
            if peer is None:
                break
            del self._waiting[key]
            self._placement.given(peer, key, need)
            self._at[key].add(peer)
            handed.setdefault(peer, []).append(key)
        for peer, keys in handed.items():
            deal = self._deal(peer)
            self._tell(deal, events.Handed(tuple(keys)))
            self._ask(deal)

    def _deal(self, peer: PeerId) -> Deal:
        if peer not in self._deals:
            offer = Offer(
                self._random.randbytes(16), self._me.key, peer.key, {}, 0, "own", (),
                2, 1, 1, LEASE_MS, CLAIM_MS,
            )  # fmt: skip
            block = seal(OFFER, offer, self._signer)
            made = Deal(peer, block.data, block.cid, Assignment(unseal(OFFER, block.data)))
            self._deals[peer] = self._old[made.agreement] = made
        return self._deals[peer]

    def _close(self, deal: Deal) -> None:
        if self._deals.get(deal.provider) is deal:
            del self._deals[deal.provider]
            self._tell(deal, events.Declined("it begins anew"))

    def _ask(self, deal: Deal) -> None:
        """Ask what was not asked yet, or not answered."""
        wires = self._post.wires(deal.provider)
        while wires and self._post.room(wires[0]) and (question := deal.next()):
            number, kind, body = question
            key = self._post.ask(wires[0], kind, body, DEADLINE_MS)
            self._asked[key] = wires[0], deal, number

    # assignments

    def _tell(self, deal: Deal, event: events.Event) -> None:
        for action in deal.assignment.handle(event, self._agenda.now_ms):
            self._do(deal, action)

    def _do(self, deal: Deal, action: events.Action) -> None:
        match action:
            case events.HandOver(lease, steps):
                self._hand_over(deal, lease, steps)
            case events.Judge(said, batch):
                self._judge(deal, said, batch)
            case events.Keep(said):
                self._keep(deal, said)
            case events.GiveBack(step, why):
                self._given_back(deal, step)
            case events.Stop(step):
                body = step_messages.write_steps(
                    step_messages.Steps(deal.agreement, (step,), "not wanted")
                )
                for wire in self._post.wires(deal.provider)[:1]:
                    if self._post.room(wire):
                        self._post.ask(wire, step_messages.STOP_TYPE, body, DEADLINE_MS)
            case events.Blame(why):
                self._blame(deal, why)

    def _hand_over(self, deal: Deal, lease: Lease, steps: tuple[Cid, ...]) -> None:
        self._promises.handed(self._me, steps)
        self._depot.offer(deal.agreement, (*steps, work.ENVIRONMENT.cid), deal.provider)
        signed = seal(LEASE, lease, self._signer).data
        records = [self._writer.get(step) or b"" for step in steps] if self.carries else []
        needs = [NEED] * len(steps)
        deal.leases[lease.number] = step_messages.write_lease(signed, steps, needs, records)
        self._ask(deal)

    def _blame(self, deal: Deal, why: str) -> None:
        self._promises.blamed(self._me, deal.provider, why)
        self._placement.join(deal.provider, Room(0))
        self._placement.blamed(deal.provider, self._agenda.now_ms)
        self._tell(deal, events.Vanished())
        self._close(deal)
        for wire in self._post.wires(deal.provider):
            self._post.end(wire, why)

    def _given_back(self, deal: Deal, step: Cid) -> None:
        self._promises.given_back(self._me, step, deal.agreement)
        self._placement.failed(deal.provider, step, self._agenda.now_ms)
        if (at := self._at.get(step)) is not None:
            at.discard(deal.provider)
            if not at:
                self._waiting[step] = None

    # results

    def _on_batch(self, wire: Wire, peer: PeerId, key: bytes, body: bytes) -> None:
        told = batch_messages.read_batch(body)
        deal = self._old.get(told.batch.value.agreement)
        if deal is None:
            self._post.reply(wire, key, b"")  # of an earlier life, whose steps were given up
            return
        came = (*told.records, *told.carried.values())
        self._writer.put((block.cid, block.data) for block in came)
        pending = deal.pending.setdefault(told.batch.cid, Pending(told.batch.value.number))
        pending.askers.append((wire, key))
        blames = self._promises.blames
        self._tell(deal, events.Attested(told.batch, told.said))
        if self._promises.blames == blames:
            self._answer(deal, told.batch.cid)

    def _answer(self, deal: Deal, batch: Cid) -> None:
        pending = deal.pending[batch]
        if not pending.steps:
            for wire, key in pending.askers:
                self._post.reply(wire, key, b"")
            pending.askers.clear()

    def _judge(self, deal: Deal, said: Said, batch: Cid) -> None:
        pending = deal.pending[batch]
        pending.steps.add(said.step)
        self._promises.counted(deal.agreement, pending.number, batch)
        deal.batches[said.step] = batch
        self._look(deal, said, LOOKS)

    def _look(self, deal: Deal, said: Said, looks: int) -> None:
        roots = (said.result, said.attestation)
        done = partial(self._looked, deal, said, looks)
        self._depot.fetch(deal.agreement, roots, deal.provider, done)

    def _looked(self, deal: Deal, said: Said, looks: int, why: str) -> None:
        if why and looks > 1:  # it may be the network's fault
            self._look(deal, said, looks - 1)
            return
        why = why or self._objection(said)
        if not why:
            self._promises.accepted(self._me, said.step, deal.agreement)
        self._tell(deal, events.Judged(said.step, not why, why))
        if why:
            self._settled(deal, said.step)
            self._close(deal)

    def _objection(self, said: Said) -> str:
        """Return why a result is not believed: of one in its form, that running it tells."""
        try:
            found = RESULT.decode(self._writer.get(said.result) or b"")
        except Damaged as error:
            return error.what
        if found.step != said.step or set(found.outputs) - {"out"}:
            return "it is the result of another step"
        return "" if said.result == work.result(said.step).cid else "another result came out here"

    def _keep(self, deal: Deal, said: Said) -> None:
        if said.step in self._at:
            self._placement.done(deal.provider, said.step, 1_000)
            self._record(deal, said)
        else:
            self._settled(deal, said.step)  # another has done it

    def _record(self, deal: Deal, said: Said) -> None:
        del self._at[said.step]
        self._waiting.pop(said.step, None)
        for other in tuple(self._old.values()):  # also an earlier or later one with this provider
            if other is not deal and said.step in other.assignment.states:
                self._tell(other, events.Withdrawn(said.step))

        def saved() -> None:
            self._promises.acknowledged(self._me, said, deal.provider)
            self._settled(deal, said.step)
            for run in tuple(self._runs):
                if instance := run.open.pop(said.step, None):
                    self._ended(run, instance, failed=bool(work.exit_code(said.step)))

        self._writer.save(saved, memo=(said.step, said))

    def _ended(self, run: Run, instance: tuple[str, int], *, failed: bool) -> None:
        self._follow(run, run.plan.handle(plan_events.Ran(*instance)))
        end = plan_events.Failed(*instance, False) if failed else plan_events.Done(*instance)
        self._follow(run, run.plan.handle(end))
        self._place()

    def _settled(self, deal: Deal, step: Cid) -> None:
        batch = deal.batches[step]
        deal.pending[batch].steps.discard(step)
        self._answer(deal, batch)
