"""Lenders: a peer that runs steps for others, and one that has them run and says little by itself.

Both have real homes and speak over real connections; the sandbox plays what it is told.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path

from engine import merkle
from engine.claims import Claims
from engine.closures import Brought, Placed
from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.database import Database
from engine.errors import Damaged
from engine.host import Host
from engine.localrunner import LocalRunner
from engine.memo import Memo
from engine.recorder import Recorder
from engine.sandbox.base import Job
from engine.sandbox.scripted import Act, Scripted
from engine.slots import Slots
from engine.staging import Staging
from engine.step import CONTRACT, REQUIRES, STEP, SYSTEM, Platform, Step
from engine.store.disk import DiskStore
from engine.store.gc import gc
from peers import batch_messages, offer_messages, step_messages
from peers.agreement import LEASE, OFFER, Acceptance, Lease, Offer
from peers.batch_messages import Told
from peers.book import Book
from peers.connection import Channel, Connection
from peers.envelope import Role
from peers.house import House, Share
from peers.identity import Address, PeerId
from peers.keeper import Keeper
from peers.offer_messages import Refusal
from peers.provider import Provider
from peers.provider_book import ProviderBook
from peers.shown import Shown
from peers.side_threads import SideThreads
from peers.signed import Unsealed, seal
from peers.step_messages import Need, Steps
from peers.tools import Tools
from peers.workbench import Workbench
from tests.peers.free import free_credit
from tests.peers.traders import Trader

GIB = 2**30
LENT = Share(cores=4, memory_bytes=8 * GIB, disk_bytes=8 * GIB)
HOUSE = House(lent=LENT, per_peer=LENT, longest_ms=3_600_000)
Play = Callable[[Job], Act]


def plain(job: Job) -> Act:
    """Give each output, with nothing in it."""
    return Act(files=dict.fromkeys(job.outputs, b""))


class Nowhere:
    """Has every closure, as an empty directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, closure: Cid) -> Placed:
        """Return the directory."""
        return Placed(self._folder, "/bin/sh")


class Lender(Trader):
    """A provider."""

    def __init__(
        self,
        number: int,
        home: Path,
        play: Play = plain,
        house: House = HOUSE,
        slots: int = 2,
        quota: int = GIB,
    ) -> None:
        """Open a home as peer `number`; its slots play what `play` says."""
        self._open = ExitStack()
        home.mkdir(exist_ok=True)
        super().__init__(number, DiskStore(home / "store"))
        self.home = home
        self.play = play
        self.sandboxes = [Scripted(lambda job: self.play(job)) for _ in range(slots)]
        self.free_bytes = 2**50
        self.placed: list[Cid] = []
        database = Database(home / "state.db")
        claims = Claims(home / "claims")
        staging = Staging(home / "work", self.store, claims, secrets.token_hex(8))
        host = Host(self.store, staging, Nowhere(home / "work"), self.clock, "test", None)
        runners = [LocalRunner(host, sandbox) for sandbox in self.sandboxes]
        recorder = Recorder(self.store, database)
        self.memo = Memo(database)
        self.book = Book(home / "peers.db")
        self.gone: list[Cid] = []
        self.collected: list[None] = []
        self.renewed = 0
        self.said: list[str] = []  # in its log
        self.shown = Shown()
        self.met: list[Address] = []  # who was to be dialled
        self.keeper = Keeper(
            self.store, self.book, self.gone.append, self.collect, quota, self.clock
        )
        threads = SideThreads(self.place, self.keeper, self.woken.put)
        self.bench = Workbench(
            Slots(runners),
            self.store,
            self.store.hold,
            self.memo,
            recorder,
            self.keeper,
            threads,
            self.woken.put,
        )
        entries = Recorder(self.store, self.book)
        tools = Tools(
            self.depot,
            self.bench,
            threads,
            ProviderBook(self.book),
            entries,
            self.identity,
            self.clock,
            self.woken.put,
            lambda: self.free_bytes,
            GIB,
            self.shown,
            free_credit(),
            self.met.append,
            lambda event, **facts: self.said.append(event),
        )
        self._count_renewals()
        self.provider = self.work = Provider(self.post, self.lines, house, tools)
        for close in (database.close, self.book.close, claims.close, staging.close):
            self._open.callback(close)
        for close in (entries.close, recorder.close, self.keeper.close):
            self._open.callback(close)
        for close in (self.bench.close, threads.close, self.provider.close):
            self._open.callback(close)

    def place(self, environment: Cid) -> Brought:
        """Say which closure an environment carries: here, the text of both is the same."""
        self.placed.append(environment)
        data = self.store.get(environment)
        if data == b"damaged":
            raise Damaged("this environment is not what it says")
        return Brought(closure(data), len(data))

    def lines_to(self, peer: PeerId) -> list[Connection]:
        """Return the lines for control that there are to a peer, the oldest first."""
        return [*self.lines._lines.get((peer, Channel.CONTROL), {})]

    def _count_renewals(self) -> None:
        renew = self.keeper.renew

        def counted(needed: frozenset[Cid]) -> "Future[None]":
            done = renew(needed)
            done.add_done_callback(lambda _: self.woken.put(self._renewed))
            return done

        self.keeper.renew = counted  # type: ignore[method-assign]

    def _renewed(self) -> None:
        self.renewed += 1

    def collect(self) -> None:
        """Delete what nothing needs."""
        self.collected.append(None)
        gc(self.store, [], keep_seconds=0)

    def close(self) -> None:
        """End."""
        self._open.close()
        super().close()


class Borrower:
    """A requester that does what a test tells it. It answers what it is told, unless it is deaf."""

    def __init__(self, number: int, home: Path) -> None:
        """Open a home as peer `number`."""
        home.mkdir(exist_ok=True)
        self.trader = Trader(number, DiskStore(home / "store"))
        self.trader.work = self
        self.store = self.trader.store
        self.is_deaf = False
        self.answers: dict[bytes, bytes] = {}
        self.told: list[Told] = []
        self.returned: list[Steps] = []
        self.line: Connection | None = None

    @property
    def results(self) -> dict[Cid, Cid]:
        """What was told: step -> result."""
        return {said.step: said.result for told in self.told for said in told.said}

    @property
    def back(self) -> dict[Cid, str]:
        """What was given back: step -> why."""
        return {step: one.why for one in self.returned for step in one.steps}

    def offer(self, lender: Trader, run: int = 0, **terms: object) -> tuple[Cid, bytes]:
        """Offer; return the agreement, and the id by which it is answered."""
        usual: dict[str, object] = {
            "run_id": run.to_bytes(16, "big"),
            "requester": self.trader.identity.public_key,
            "provider": lender.identity.public_key,
            "prices": {},
            "price_cap": 0,
            "policy": "own",
            "royalties": (),
            "cores": 2,
            "memory_bytes": GIB,
            "disk_bytes": GIB,
            "lease_ms": 60_000,
            "claim_ms": 60_000,
        }
        offer = seal(OFFER, Offer(**{**usual, **terms}), self.trader.identity)  # type: ignore[arg-type]
        return offer.cid, self._ask(offer_messages.OFFER_TYPE, offer.data)

    def answer(self, key: bytes) -> Unsealed[Acceptance] | Refusal | None:
        """Return how an offer was answered."""
        body = self.answers.get(key)
        return offer_messages.read_answer(body) if body is not None else None

    def lease(
        self,
        agreement: Cid,
        steps: Sequence[Cid],
        needs: Sequence[Need],
        number: int = 1,
        lasts: int = 60_000,
        records: Sequence[bytes] = (),
    ) -> bytes:
        """Hand steps over, with their content; return the id by which it is answered."""
        roots = dict.fromkeys((*steps, *(need.environment for need in needs)))
        self.trader.depot.offer(agreement, roots, self._lender)
        root = merkle.root([step.raw for step in steps])
        lease = Lease(agreement, number, len(steps), root, lasts)
        signed = seal(LEASE, lease, self.trader.identity).data
        body = step_messages.write_lease(signed, steps, needs, records)
        return self._ask(step_messages.LEASE_TYPE, body)

    def stop(self, agreement: Cid, *steps: Cid) -> bytes:
        """Want steps no more."""
        body = step_messages.write_steps(Steps(agreement, steps, "not wanted"))
        return self._ask(step_messages.STOP_TYPE, body)

    def end(self, agreement: Cid) -> None:
        """Want nothing more under an agreement."""
        assert self.line is not None
        body = offer_messages.write_end(agreement)
        self.trader.post.tell(self.line, offer_messages.END_TYPE, body)

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """Remember who is there."""
        if connection.channel is Channel.CONTROL:
            self.line, self._lender = connection, peer

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Forget it."""
        self.line = None if connection is self.line else self.line

    def came(
        self, connection: Connection, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Take what comes."""
        if role is Role.ANSWER:
            self.answers[key] = body
        elif kind == batch_messages.BATCH_TYPE:
            self.told.append(batch_messages.read_batch(body))
        elif kind == step_messages.RETURN_TYPE:
            self.returned.append(step_messages.read_steps(body))
        if role is Role.REQUEST and not self.is_deaf:
            self.trader.post.reply(connection, key, b"")

    def unanswered(self, connection: Connection, peer: PeerId, key: bytes) -> None:
        """Nothing."""

    def tick(self, now_ms: int) -> None:
        """Nothing."""

    def _ask(self, kind: int, body: bytes) -> bytes:
        assert self.line is not None
        return self.trader.post.ask(self.line, kind, body, 60_000)


def closure(text: bytes) -> Cid:
    """Return the closure that the environment with this text carries."""
    return Cid.of(RAW, b"closure " + text)


def environment(store: DiskStore, text: bytes = b"environment") -> Cid:
    """Put an environment, which leads nowhere."""
    block = Block(Cid.of(RAW, text), text)
    store.put([block, Block(closure(text), b"closure " + text)])
    return block.cid


def step(
    store: DiskStore,
    text: str,
    inputs: Mapping[str, bytes] | None = None,
    carried: bytes = b"environment",
    *,
    absent: bool = False,
) -> Cid:
    """Put a step, with its inputs unless they are absent; its closure is an environment's."""
    files = {name: Block(Cid.of(RAW, data), data) for name, data in (inputs or {}).items()}
    record = STEP.block(
        Step(
            closure=closure(carried),
            command=(),
            script=text,
            script_link=None,
            variables={},
            inputs={name: block.cid for name, block in files.items()},
            gathers={},
            outputs={"o": "o"},
            platform=Platform(REQUIRES, SYSTEM),
            contract=CONTRACT,
        )
    )
    store.put([*(() if absent else files.values()), record])
    return record.cid
