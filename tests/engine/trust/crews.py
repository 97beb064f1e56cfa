"""Crews that say what they are told to say, and a home whose steps they run."""

from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from engine.content.cid import DAG_CBOR, Cid
from engine.errors import NotRun, Unavailable
from engine.opinion import Asked, Opinion
from engine.rows import Name
from engine.runner import Order, Report
from engine.store.memory import MemoryStore
from engine.trust.agreement import Agreement
from engine.trust.book import TrustBook
from engine.trust.case import Case
from engine.trust.checks import Checks, Means
from engine.trust.crew import CheckingCrew
from engine.trust.policy import parse
from engine.workflow.model import OutputFile, Verify
from tests.engine.trust.parts import KEY, NAME, ORDER, gives

Says = Report | Exception
PATIENCE_S = 60
WORKFLOW = Cid.of(DAG_CBOR, b"workflow")


class Scripted:
    """A crew: each execution ends at once, as was written down."""

    has_idle = True

    def __init__(self, *says: Says) -> None:
        self.says = list(says)
        self.orders: list[Order] = []
        self.cancelled: list[Name] = []

    def start(self, name: Name, order: Order, logs: Any, done: Any, begun: Any = None) -> None:
        """Say the next thing; a crew with nothing more to say has nobody."""
        self.orders.append(order)
        end: Future[Report] = Future()
        end.add_done_callback(done)
        said = self.says.pop(0) if self.says else NotRun("nobody is there")
        if isinstance(said, CancelledError):
            end.cancel()
        elif isinstance(said, Exception):
            end.set_exception(said)
        else:
            end.set_result(said)

    def cancel(self, name: Name) -> None:
        """Remember it."""
        self.cancelled.append(name)


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.ms = 0

    def now_ms(self) -> int:
        """Return the time."""
        return self.ms

    monotonic_ms = now_ms


class Bench:
    """A home whose steps others run."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()
        self.book = TrustBook(folder)
        self.told: list[str] = []
        self.accused: list[bytes] = []
        self.owners: dict[bytes, str] = {}
        self.clock = Hands()
        self.verify = Verify("exact", None)
        self.opinion: Opinion | None = None  # of the author's program, where there is one

    def says(self, peer: str, output: bytes, **more: Any) -> Report:
        """Return that a peer gave an output; "" is this machine."""
        return gives(self.store, peer, output, **more)

    def run(self, policy: str, peers: Scripted, own: Scripted | None) -> "Future[Report]":
        """Run the step until it is settled."""
        return self.run_all(policy, peers, own, 1)[0]

    def run_all(
        self, policy: str, peers: Scripted, own: Scripted | None, count: int
    ) -> list["Future[Report]"]:
        """Run the step some times, one after the other, in one run."""
        outputs = {NAME[0]: {"o": OutputFile("o.json", self.verify)}}
        means = Means(
            book=self.book,
            workflow=WORKFLOW,
            agreement=Agreement(self.store, outputs, self),
            owners=self.owners,
            machine_of=lambda report: report.attestation.system,
            fits=lambda name: True,
            accuse=self._accuse,
            tell=self.told.append,
            clock=self.clock,
        )
        crew = CheckingCrew(peers, own, own, Checks(parse(policy), means))
        ends: list[Future[Report]] = []
        ended: SimpleQueue[Future[Report]] = SimpleQueue()
        for _ in range(count):
            crew.start(NAME, ORDER, lambda *_: None, ended.put)
            ends.append(ended.get(timeout=PATIENCE_S))
            self.clock.ms += 20_000
        crew.close()
        return ends

    def findings(self) -> dict[Cid, str]:
        """Return what is written down of each result."""
        return {one.result: one.finding for one in self.book.found([KEY])}

    def _accuse(self, case: Case, at: int) -> Cid:
        self.accused.append(case.reports[at].signer)
        return Cid.of(DAG_CBOR, case.reports[at].signer)

    def ask_all(self, asked: Sequence[Asked]) -> dict[Name, Opinion]:
        """Say what the author's program says; without one, that it cannot be run."""
        if self.opinion is None:
            raise Unavailable("no sandbox")
        return {one.called: self.opinion for one in asked}

    def cancel(self, asked: Asked) -> None:
        """End at once anyway."""
