"""Peers that have steps run and peers that say they ran them, on real connections and stores."""

import io
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

from engine import merkle
from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.database import Database
from engine.memo import Memo
from engine.recorder import Recorder
from engine.step import (
    ATTESTATION,
    CONTRACT,
    REQUIRES,
    RESULT,
    STEP,
    SYSTEM,
    Attestation,
    Platform,
    Result,
    Step,
)
from engine.store.disk import DiskStore
from peers.agreement import ACCEPTANCE, BATCH, Acceptance, Batch, Offer, Said
from peers.batch_messages import BATCH_TYPE, write_batch
from peers.commission import Commission
from peers.connection import Connection
from peers.credits import MAX_CREDITS, Credits
from peers.dues import Dues
from peers.envelope import Role
from peers.errors import RemoteFault
from peers.identity import PeerId
from peers.judge import Judge
from peers.log import Log
from peers.logline import Fact
from peers.offer_messages import END_TYPE, OFFER_TYPE, Refusal, read_end, read_offer, write_answer
from peers.office import Office
from peers.peer_record import PEER, Notice, PeerRecord, read
from peers.perjury import Perjury
from peers.plain import Plain
from peers.post import Came, Closed, Happened, Opened, Unanswered
from peers.prices import for_record
from peers.recruiter import Directory
from peers.requester import Requester
from peers.royalties import NOBODY
from peers.run_frames import Task, write_tasks
from peers.signed import Unsealed, seal
from peers.step_messages import (
    CLAIM_TYPE,
    LEASE_TYPE,
    RETURN_TYPE,
    STOP_TYPE,
    Claim,
    Handed,
    Need,
    Steps,
    read_lease,
    read_steps,
    write_claim,
    write_steps,
)
from tests.peers.free import Tab
from tests.peers.traders import Trader

MIB = 2**20
PLATFORM = Platform(REQUIRES, SYSTEM)
ENVIRONMENT = Block(Cid.of(RAW, b"environment"), b"environment")


def block(data: bytes) -> Block:
    """Return a leaf."""
    return Block(Cid.of(RAW, data), data)


def step(name: str, **inputs: Cid) -> Block:
    """Return the record of a step with one output."""
    made = Step(
        closure=ENVIRONMENT.cid,
        command=("run", name),
        script="",
        script_link=None,
        variables={},
        inputs=inputs,
        gathers={},
        outputs={"out": "out.txt"},
        platform=PLATFORM,
        contract=CONTRACT,
    )
    return STEP.block(made)


class Visit:
    """The process of a run, as the node sees it."""

    def __init__(self) -> None:
        self.frames: list[Plain] = []
        self.on_frame: Callable[[Plain], None] = lambda _: None
        self.on_closed: Callable[[], None] = lambda: None

    def send(self, value: Plain) -> None:
        """Note what it is told."""
        self.frames.append(value)

    def close(self) -> None:
        """Go."""
        self.on_closed()

    def of(self, word: str) -> list[Plain]:
        """Return what came in frames of one kind."""
        return [
            one
            for frame in self.frames
            if isinstance(frame, tuple) and frame[0] == word and isinstance(frame[1], tuple)
            for one in frame[1]
        ]


class Asker(Trader):
    """A peer that has steps run."""

    def __init__(self, number: int, folder: Path) -> None:
        """Use a home of its own."""
        super().__init__(number, DiskStore(folder / "store"))
        self.database = Database(folder / "state.db")
        self.memo = Memo(self.database)
        self.recorder = Recorder(self.store, self.database)
        self.notices: list[Notice] = []
        self.named: set[PeerId] = set()
        self._numbers = itertools.count()
        self.said: list[tuple[str, dict[str, object]]] = []
        self._real_log = Log(io.StringIO(), self.clock)
        dues = Dues(self.database)
        parts = (self.recorder, self.memo, dues, self.woken.put)
        self.accused: list[Perjury] = []
        look = (self.depot.fetch, self.depot.look)
        said = (self.store.get, lambda *_: None, self.accused.append)
        judge = Judge(*look, *parts, *said)
        self.tab = Tab()
        office = Office(
            self.post, self.lines, self.depot, self.identity, judge, self._log, self.tab
        )
        directory = Directory(self._candidates, self._named, self._notice)
        self.requester = Requester(office, directory, self.clock)
        self.begin(MAX_CREDITS)

    def begin(self, most: Credits) -> None:
        """Begin a run that may cost so much."""
        self.visit = Visit()
        self.requester.attend(self.visit, Commission("run", most, NOBODY))

    def have_run(
        self,
        *names: str,
        usual_ms: int | None = 1_000,
        private: bool = False,
        is_fresh: bool = False,
        cores: int = 1,
    ) -> None:
        """Have steps run, by name."""
        records = [step(name) for name in names]
        self.store.put([ENVIRONMENT, *records])
        need = Need(ENVIRONMENT.cid, 64 * MIB, 64 * MIB, 60_000, cores, is_fresh)
        self.visit.on_frame(
            write_tasks(
                [
                    Task(number, record.cid, need, 0, usual_ms, ("out",), (), private)._replace(
                        record=record.data
                    )
                    for record, number in zip(records, self._numbers, strict=False)
                ]
            )
        )

    def turn(self) -> None:
        """Let time pass for the requester too."""
        super().turn()
        self.requester.tick(self.clock.monotonic_ms())
        self.tab.tick(self.clock.monotonic_ms())

    def close(self) -> None:
        """End."""
        self.recorder.close()
        self.database.close()
        super().close()

    def _notice(self, peer: PeerId) -> Notice | None:
        return next((one for one in self.notices if one.signer == peer), None)

    def _named(self) -> frozenset[PeerId]:
        return frozenset(self.named)

    def _log(self, event: str, *, peer: PeerId | None = None, **facts: Fact) -> None:
        self._real_log.say(event, peer=peer, **facts)  # which takes no more than it can write
        self.said.append((event, {**facts, "peer": peer}))

    def _candidates(self, platform: Platform, cores: int, memory: int) -> list[Notice]:
        return [
            one
            for one in self.notices
            if self.lines.control(one.signer)
            and one.record.cores >= cores
            and one.record.memory >= memory
        ]

    def _hear(self, happened: list[Happened]) -> None:
        for one in happened:
            if isinstance(one, Came) and one.type // 4 >= 192:
                try:
                    self.requester.came(*one)
                except RemoteFault as fault:
                    self.post.end(one.connection, fault.what, is_fault=True)
                continue
            super()._hear([one])
            if isinstance(one, Unanswered):
                self.requester.unanswered(*one)
            if isinstance(one, Closed) and one.peer is not None:
                self.requester.closed(one.connection, one.peer)
            if isinstance(one, Opened):
                self.requester.opened(*one)


class Worker(Trader):
    """A peer that says it ran what it was given; what it says, a test may change."""

    def __init__(self, number: int, folder: Path, cores: int = 2) -> None:
        """Lend some cores."""
        super().__init__(number, DiskStore(folder / "store"))
        self.cores = cores
        self.prices: dict[str, int] = {}
        self.refusal = ""
        self.offers: list[Offer] = []
        self.gives = b"made by "  # what comes out of a step begins with that
        self.leases: list[Handed] = []
        self.ended: list[Cid] = []
        self.stopped: list[Cid] = []
        self.confirmed = 0
        self.batches = 0
        self.asker: PeerId | None = None
        self.run: Callable[[Worker, Handed], None] = Worker.honestly

    def notice(self) -> Notice:
        """Return what it says of itself."""
        now_ms = self.clock.now_ms()
        record = PeerRecord(
            serial=1,
            made_ms=now_ms,
            expires_ms=now_ms + 3_600_000,
            addresses=(),
            platform=PLATFORM,
            cores=self.cores,
            memory=1024 * MIB,
            gpu_names=(),
            sandbox="bwrap",
            prices=for_record(self.prices),
            free_slots=self.cores,
            versions=(1,),
        )
        return read(seal(PEER, record, self.identity).data)

    def honestly(self, handed: Handed) -> None:
        """Fetch the steps, and hand a result of each back."""
        self.fetched(handed, lambda: self.hand_back(handed, [self.made(s) for s in handed.steps]))

    def fetched(self, handed: Handed, then: Callable[[], None]) -> None:
        """Have the steps here, then do something."""
        roots = (*handed.steps, handed.needs[0].environment)
        assert self.asker is not None
        scope = handed.lease.value.agreement
        self.depot.fetch(scope, roots, [self.asker], lambda error: then() if not error else None)

    def made(self, key: Cid, *, exit_code: int = 0) -> tuple[Said, tuple[Block, ...]]:
        """Return what came out of a step, and its records first."""
        out, log = block(self.gives + key.raw), block(b"printed")
        outputs = {"out": out.cid} if exit_code == 0 else {}
        result = RESULT.block(Result(key, exit_code, outputs))
        attested = Attestation(
            key, result.cid, "bwrap", "Linux", 1, 20, 10, 5, log.cid, None, False, ""
        )
        attestation = ATTESTATION.block(attested)
        return Said(key, result.cid, attestation.cid), (result, attestation, out, log)

    def hand_back(
        self,
        handed: Handed,
        made: list[tuple[Said, tuple[Block, ...]]],
        carried: Sequence[bytes] = (),
    ) -> bytes:
        """Sign a batch and send it; return its body."""
        agreement = handed.lease.value.agreement
        self.store.put(one for _, blocks in made for one in blocks)
        roots = [one.cid for _, blocks in made for one in blocks]
        self.depot.offer(agreement, roots, self.asker)
        said = [one for one, _ in made]
        self.batches += 1
        root = merkle.root([one.leaf for one in said])
        signed = seal(BATCH, Batch(agreement, self.batches, len(said), root), self.identity)
        records = [record for _, blocks in made for record in blocks[:2]]
        body = write_batch(signed.data, said, records, carried)
        self.tell_batch(body)
        return body

    def tell_batch(self, body: bytes) -> None:
        """Send a batch."""
        assert self.asker is not None
        line = self.lines.control(self.asker)
        assert line is not None
        self.post.ask(line, BATCH_TYPE, body, 10_000)

    def give_back(self, handed: Handed, why: str) -> None:
        """Return all steps of a lease."""
        assert self.asker is not None
        line = self.lines.control(self.asker)
        assert line is not None
        body = write_steps(Steps(handed.lease.value.agreement, handed.steps, why))
        self.post.ask(line, RETURN_TYPE, body, 10_000)

    def claim(self, agreement: Cid, step: Cid, ran_ms: int) -> None:
        """Say how long a step had run that was stopped."""
        assert self.asker is not None
        line = self.lines.control(self.asker)
        assert line is not None
        body = write_claim(Claim(agreement, ((step, ran_ms),)))
        self.post.ask(line, CLAIM_TYPE, body, 10_000)

    def _hear(self, happened: list[Happened]) -> None:
        for one in happened:
            if isinstance(one, Came) and one.type // 4 >= 192:
                self._work(one)
            else:
                super()._hear([one])

    def _work(self, came: Came) -> None:
        self.asker = came.peer
        if came.role is Role.ANSWER:
            self.confirmed += 1
        elif came.type == OFFER_TYPE:
            self.post.reply(came.connection, came.request_id, self._answer(read_offer(came.body)))
        elif came.type == LEASE_TYPE:
            self.leases.append(read_lease(came.body))
            self.post.reply(came.connection, came.request_id, b"")
            self.run(self, self.leases[-1])
        elif came.type == STOP_TYPE:
            self.stopped += read_steps(came.body).steps
            self.post.reply(came.connection, came.request_id, b"")
        elif came.type == END_TYPE:
            self.ended.append(read_end(came.body))

    def _answer(self, offer: Unsealed[Offer]) -> bytes:
        self.offers.append(offer.value)
        if self.refusal:
            return write_answer(Refusal(self.refusal))
        return write_answer(seal(ACCEPTANCE, Acceptance(offer.cid), self.identity).data)


def introduce(asker: Asker, *workers: Worker) -> list[Connection]:
    """Let an asker know some workers."""
    asker.notices += [worker.notice() for worker in workers]
    return [asker.meet(worker) for worker in workers]
