"""Provider: a peer as it runs steps for others: the real services over real messages.

What it agreed to, was given and has signed is saved before it is said.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, Cid
from peers import batch_messages, offer_messages, step_messages
from peers import service_events as events
from peers.agreement import ACCEPTANCE, OFFER, Acceptance, Agreement, Batch, Said, bind
from peers.house import House, Share, objection, share_of
from peers.identity import PeerId
from peers.service import Past, Service
from peers.signed import seal, unseal
from tests.simulation import work
from tests.simulation.agenda import Agenda
from tests.simulation.conduct import Conduct
from tests.simulation.depot import Depot, Fetching
from tests.simulation.disk import Writer
from tests.simulation.hashed import Hashed
from tests.simulation.network import Wire
from tests.simulation.post import Post
from tests.simulation.promises import Promises

DEADLINE_MS = 10_000  # for an answer
IDLE_MS = 30_000  # after which an agreement with nothing open is over
LONGEST_MS = 1_000  # that a step takes


@dataclass
class Contract:
    """An agreement, and what is done under it."""

    agreement: Agreement
    service: Service
    used_ms: int
    fetches: dict[Cid, Fetching] = field(default_factory=dict)
    running: set[Cid] = field(default_factory=set)
    asked: dict[bytes, tuple[Wire, int]] = field(default_factory=dict)  # request -> its batch
    told_ms: int = 0  # when unconfirmed batches were last told again


class Provider:
    """One life's."""

    def __init__(
        self,
        conduct: Conduct,
        post: Post,
        writer: Writer,
        depot: Depot,
        agenda: Agenda,
        random: Random,
        promises: Promises,
        cores: int,
    ) -> None:
        self.luckless = 0.0  # the chance that a step cannot be run
        self.carries = True  # what is small comes with a batch; else it is fetched
        self._conduct = conduct
        self._post = post
        self._writer = writer
        self._depot = depot
        self._agenda = agenda
        self._random = random
        self._promises = promises
        self._house = House(Share(cores, 2**30, 2**30), Share(cores, 2**30, 2**30), 10**6)
        self._contracts: dict[Cid, Contract] = {}
        self._lost: dict[Cid, list[Cid]] = {}  # agreement -> steps that were open in another life
        for cid, (offer, acceptance) in writer.table("agreements").items():
            self._reopen(cid, offer, acceptance)

    # a part

    def opened(self, peer: PeerId) -> None:
        """Tell a requester again what it has not confirmed."""
        for cid, contract in tuple(self._contracts.items()):
            if contract.agreement.requester == peer:
                if lost := self._lost.pop(cid, None):
                    self._return(contract, lost, "this peer was started anew")
                self._tell(contract, events.Connected())

    def closed(self, wire: Wire) -> None:
        """Take what was asked on it for unanswered."""
        for contract in self._contracts.values():
            for key in [key for key, (asked, _) in contract.asked.items() if asked is wire]:
                del contract.asked[key]

    def unanswered(self, peer: PeerId, key: bytes) -> None:
        """Tell again what was not answered."""
        for contract in tuple(self._contracts.values()):
            if contract.asked.pop(key, None) is not None:
                self._tell(contract, events.Connected())

    def asked(self, wire: Wire, peer: PeerId, kind: int, key: bytes, body: bytes) -> None:
        """Take a request."""
        if kind == offer_messages.OFFER_TYPE:
            self._on_offer(wire, peer, key, body)
        elif kind == step_messages.LEASE_TYPE:
            self._on_lease(wire, key, body)
        elif kind == step_messages.STOP_TYPE:
            steps = step_messages.read_steps(body)
            if contract := self._contracts.get(steps.agreement):
                for step in steps.steps:
                    self._tell(contract, events.Stopped(step))
            self._post.reply(wire, key, b"")

    def answered(self, peer: PeerId, key: bytes) -> None:
        """Take the answer to a batch."""
        for cid, contract in tuple(self._contracts.items()):
            if asked := contract.asked.pop(key, None):
                _, number = asked
                self._tell(contract, events.Confirmed(number))
                self._writer.save(_nothing, batches=((cid, number), None))

    def tick(self) -> None:
        """Tell the time; forget what is over."""
        now_ms = self._agenda.now_ms
        for cid, contract in tuple(self._contracts.items()):
            self._tell(contract, events.Tick())
            if not contract.service.is_idle or cid in self._lost:
                contract.used_ms = now_ms
                if now_ms - contract.told_ms >= DEADLINE_MS:
                    contract.told_ms = now_ms
                    self._tell(contract, events.Connected())
            elif now_ms - contract.used_ms >= IDLE_MS:
                self._forget(cid)

    # offers and leases

    def _on_offer(self, wire: Wire, peer: PeerId, key: bytes, body: bytes) -> None:
        offer = offer_messages.read_offer(body)
        held = self._writer.table("agreements").get(offer.cid)
        if held is not None:
            self._post.reply(wire, key, offer_messages.write_answer(held[1]))
            return
        if why := self._objection(offer.value, peer):
            self._post.reply(wire, key, offer_messages.write_answer(offer_messages.Refusal(why)))
            return
        acceptance = seal(ACCEPTANCE, Acceptance(offer.cid), self._conduct.signer).data
        self._open(offer.cid, body, acceptance)
        self._writer.save(
            partial(self._post.reply, wire, key, offer_messages.write_answer(acceptance)),
            agreements=(offer.cid, (body, acceptance)),
        )

    def _objection(self, offer: Any, peer: PeerId) -> str:
        if self._conduct.declines:
            return "no"
        agreed: dict[PeerId, Share] = {}
        for cid, contract in tuple(self._contracts.items()):
            requester = contract.agreement.requester
            if requester == peer and contract.service.is_idle and cid not in self._lost:
                self._forget(cid)  # it begins anew
            else:
                share = share_of(contract.agreement.offer)
                agreed[requester] = share.plus(agreed.get(requester, Share()))
        return objection(self._house, offer, agreed)

    def _on_lease(self, wire: Wire, key: bytes, body: bytes) -> None:
        handed = step_messages.read_lease(body)
        number, agreement = handed.lease.value.number, handed.lease.value.agreement
        contract = self._contracts.get(agreement)
        if contract is None:
            self._post.reply(wire, key, b"")
            steps = step_messages.Steps(agreement, handed.steps, "there is no such agreement")
            self._ask(wire.there, step_messages.RETURN_TYPE, step_messages.write_steps(steps))
            return
        leased = events.Leased(handed.lease, handed.steps)
        self._writer.put((block.cid, block.data) for block in handed.records.values())

        def saved() -> None:
            self._tell(contract, leased)
            self._post.reply(wire, key, b"")

        entry = ((agreement, number), (handed.lease.cid, handed.steps))
        if entry[0] in self._writer.table("leases"):
            saved()
        else:
            self._writer.save(saved, leases=entry)

    def _open(
        self, cid: Cid, offer: bytes, acceptance: bytes, past: Past | None = None
    ) -> Contract:
        bound = bind(unseal(OFFER, offer), unseal(ACCEPTANCE, acceptance))
        service = Service(bound, bound.offer.cores, past)
        contract = self._contracts[cid] = Contract(bound, service, self._agenda.now_ms)
        return contract

    def _reopen(self, cid: Cid, offer: bytes, acceptance: bytes) -> None:
        leases = {n: held for (of, n), held in self._writer.table("leases").items() if of == cid}
        batches = [n for of, n in self._writer.table("batches") if of == cid]
        done = self._writer.table("said")
        given = [step for _, steps in leases.values() for step in steps]
        said = {step: done[cid, step] for step in given if (cid, step) in done}
        past = Past(
            {number: lease for number, (lease, _) in leases.items()},
            self._writer.table("told").get(cid, 0),
            tuple(batches),
            {step: _ran(one) for step, one in said.items() if not work.exit_code(step)},
        )
        contract = self._open(cid, offer, acceptance, past)
        self._lost[cid] = [step for step in given if step not in said]
        for one in said.values():
            self._depot.offer(cid, (one.result, one.attestation), contract.agreement.requester)

    def _forget(self, cid: Cid) -> None:
        del self._contracts[cid]
        self._depot.withdraw(cid)
        self._writer.save(_nothing, agreements=(cid, None))

    # what services ask for

    def _tell(self, contract: Contract, event: events.Event) -> None:
        for action in contract.service.handle(event, self._agenda.now_ms):
            self._do(contract, action)

    def _do(self, contract: Contract, action: events.Action) -> None:
        match action:
            case events.Run(step):
                self._run(contract, step)
            case events.Cancel(step):
                contract.running.discard(step)
                if fetching := contract.fetches.pop(step, None):
                    self._depot.stop(fetching)
            case events.Hand(batch, said):
                self._hand(contract, batch, said)
            case events.Resend(number):
                if number not in {number for _, number in contract.asked.values()}:
                    self._send(contract, number)
            case events.Return(steps, why):
                self._return(contract, steps, why)
            case events.Blame(why):
                self._promises.blamed(self._conduct.signer.peer, contract.agreement.requester, why)

    def _run(self, contract: Contract, step: Cid) -> None:
        self._promises.runs_step(step)
        contract.running.add(step)
        if not self._conduct.starts:
            return
        if self._conduct.returns:
            self._later(1, contract, step, partial(self._fail, contract, step, "not now"))
            return
        contract.fetches[step] = self._depot.fetch(
            contract.agreement.cid,
            (step, work.ENVIRONMENT.cid),
            contract.agreement.requester,
            partial(self._fetched, contract, step),
        )

    def _fetched(self, contract: Contract, step: Cid, why: str) -> None:
        contract.fetches.pop(step, None)
        if why:
            self._fail(contract, step, why)
        elif self._random.random() < self.luckless:
            self._fail(contract, step, "there is no room")
        else:
            took_ms = self._random.randint(5, LONGEST_MS) * self._conduct.slowness
            self._later(took_ms, contract, step, partial(self._ran, contract, step))

    def _ran(self, contract: Contract, step: Cid) -> None:
        said, blocks = self._conduct.say(step)
        self._writer.put((block.cid, block.data) for block in blocks)
        cid = contract.agreement.cid

        def saved() -> None:
            if step in contract.running:
                contract.running.discard(step)
                self._depot.offer(
                    cid, (said.result, said.attestation), contract.agreement.requester
                )
                self._tell(contract, _ran(said))
                self._agenda.after(60, self._soon)

        self._writer.save(saved, said=((cid, step), said))

    def _soon(self) -> None:
        if self._writer.is_alive:
            self.tick()

    def _fail(self, contract: Contract, step: Cid, why: str) -> None:
        if step in contract.running:
            contract.running.discard(step)
            self._tell(contract, events.Failed(step, why))

    def _later(
        self, delay_ms: int, contract: Contract, step: Cid, happens: Callable[[], None]
    ) -> None:
        def if_still_so() -> None:
            if self._writer.is_alive and step in contract.running:
                happens()

        self._agenda.after(delay_ms, if_still_so)

    # what is told

    def _hand(self, contract: Contract, batch: Batch, said: tuple[Said, ...]) -> None:
        cid, number = batch.agreement, batch.number
        signed, shown = self._conduct.sign(batch, said)
        for one in shown:
            for by in (self._conduct.signer.peer, Hashed(99).peer):  # whatever a liar says
                if self._writer.get(one.attestation) is None:
                    blocks = work.made(one.step, by)[1]
                    self._writer.put((block.cid, block.data) for block in blocks)
        self._writer.save(
            partial(self._send, contract, number),
            batches=((cid, number), (signed, shown)),
            told=(cid, number),
        )

    def _send(self, contract: Contract, number: int) -> None:
        held = self._writer.table("batches").get((contract.agreement.cid, number))
        if held is None:
            return  # it is being saved
        signed, said = held
        if self._conduct.is_honest:
            self._promises.signed(contract.agreement.cid, number, Cid.of(DAG_CBOR, signed))
        records = [Block(cid, self._writer.get(cid)) for one in said for cid in one[1:]]
        body = batch_messages.write_batch(signed, said, records, self._carried(said))
        if asked := self._ask(contract.agreement.requester, batch_messages.BATCH_TYPE, body):
            contract.asked[asked[1]] = asked[0], number

    def _carried(self, said: Iterable[Said]) -> Iterable[bytes]:
        """Yield the leaves of what came out that are here."""
        for one in said if self.carries else ():
            for block in work.output(one.step)[1:]:
                if (data := self._writer.get(block.cid)) is not None:
                    yield data

    def _return(self, contract: Contract, steps: Iterable[Cid], why: str) -> None:
        body = step_messages.write_steps(
            step_messages.Steps(contract.agreement.cid, tuple(steps), why)
        )
        self._ask(contract.agreement.requester, step_messages.RETURN_TYPE, body)

    def _ask(self, peer: PeerId, kind: int, body: bytes) -> tuple[Wire, bytes] | None:
        """Return on what it was asked and its id; None when it cannot be asked now."""
        for wire in self._post.wires(peer):
            if self._post.room(wire):
                return wire, self._post.ask(wire, kind, body, DEADLINE_MS)
        return None


def _ran(said: Said) -> events.Ran:
    return events.Ran(said, succeeded=not work.exit_code(said.step))


def _nothing() -> None:
    """What nobody waits for."""
