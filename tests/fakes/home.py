"""A home with the real store, database and claims, that runs workflows given as text."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.admission import Capacity
from engine.claims import Claims
from engine.clock import SystemClock
from engine.closures import Placed
from engine.content.cid import DAG_CBOR, Cid
from engine.content.select import select
from engine.database import Database
from engine.execution import Desk
from engine.host import Host, Places
from engine.inquiry import Inquiry
from engine.journal import Journal
from engine.localrunner import LocalRunner
from engine.lookup import Lookup
from engine.machine import Machine
from engine.memo import UNSIGNED, Memo, own_results
from engine.plan import Plan
from engine.presence import Presence
from engine.progress import Progress, Watch
from engine.recorder import Recorder
from engine.rerun import Rerun, choose, recorded_steps
from engine.rows import NewRun, RunRow, StepRow
from engine.run import RUN
from engine.runblocks import run_blocks
from engine.runner import Runner, Signer
from engine.sandbox.base import Sandbox
from engine.scheduler import Scheduler
from engine.slots import Slots
from engine.staging import Staging
from engine.step import RESULT
from engine.store.add import add_path
from engine.thin import repeatable
from engine.verdict import StepVerdict
from engine.workflow.graph import groups
from engine.workflow.lock import LOCK, Lock
from engine.workflow.model import record_of
from engine.workflow.parameters import bind
from engine.workflow.parse import parse
from engine.workflow.resolve import EnvironmentUse, Resolver
from tests.fakes.realenv import disk_store

NOWHERE = EnvironmentUse(Cid.of(DAG_CBOR, b"no closure"), ("/bin",), has_shell=True)


@dataclass
class NoClosures:
    """Says that every closure is an empty directory, for sandboxes that run nothing."""

    work: Path

    def place(self, closure: Cid) -> Placed:
        """Return the directory."""
        return Placed(self.work, "/bin/sh")


@dataclass
class Ran:
    """What came of a run."""

    status: str
    row: RunRow
    run: Cid  # the Run record
    steps: list[StepRow]
    progress: list[Progress] = field(default_factory=list)

    def statuses(self) -> dict[str, str]:
        """Return the status of each instance, as "train[1]" or "train[0]"."""
        return {f"{row.step}[{row.index}]": row.status for row in self.steps}


class Home:
    """One tally process of a home, as far as the engine goes."""

    def __init__(self, path: Path, *, signer: Signer | None = None) -> None:
        path.mkdir(exist_ok=True)
        self.path = path
        self.work = path / "work"
        self.work.mkdir(mode=0o755, exist_ok=True)
        self.store = disk_store(path)
        self.database = Database(path / "state.db")
        self.claims = Claims(path / "claims")
        self.journal = Journal(self.database, self.claims)
        self.memo = Memo(self.database)
        self.recorder = Recorder(self.store, self.database)
        self.staging = Staging(self.work, self.store, self.claims, secrets.token_hex(8))
        self.clock = SystemClock()
        self.signer = signer
        self.scheduler: Scheduler | None = None

    def close(self) -> None:
        """Give everything back, as a process that ends well does."""
        self.recorder.close()
        self.staging.close()
        self.claims.close()
        self.database.close()
        self.store.close()

    def runners(
        self,
        sandboxes: Iterable[Sandbox],
        closures: Places | None = None,
        machine: Machine | None = None,
    ) -> list[LocalRunner]:
        """Return local runners around sandboxes."""
        places = closures or NoClosures(self.work)
        shared = (self.store, self.staging, places, self.clock, "test", self.signer)
        host = Host(*shared, machine=machine)
        return [LocalRunner(host, sandbox) for sandbox in sandboxes]

    def run(
        self,
        text: str,
        runners: list[Runner],
        *,
        params: Mapping[str, str] | None = None,
        inputs: Mapping[str, Path] | None = None,
        environment: EnvironmentUse = NOWHERE,
        keep_going: bool = False,
        forced: frozenset[str] = frozenset(),
        watch: Callable[[Progress], None] | None = None,
    ) -> Ran:
        """Run a workflow with these runners, which are closed with it."""
        workflow = parse(text, "test.yaml")
        bound = bind(workflow, params or {})
        found = {name: add_path(self.store, path).cid for name, path in (inputs or {}).items()}
        uses = dict.fromkeys(workflow.environments, environment)
        resolver = Resolver(workflow, bound, found, uses, self._select)
        new = NewRun(
            repr((record_of(workflow).cid(workflow), bound, found)).encode(),
            record_of(workflow).cid(workflow),
            workflow.name,
            bound.values,
        )
        row = self.journal.begin(new, secrets.token_bytes(16), self.clock.now_ms())
        earlier = {(step.step, step.index): step for step in self.journal.steps(row.id)}
        progress: list[Progress] = []
        all_groups = groups(workflow, bound)
        lookup = Lookup(
            self.store, self.memo, own_results(UNSIGNED), Presence(self.store, self.store.hold)
        )
        inquiry = Inquiry(resolver, lookup, all_groups, forced=forced, earlier=earlier)
        capacity = Capacity(len(runners), 64, 2**40, ahead=len(runners))
        plan = Plan(all_groups, capacity, keep_going=keep_going)
        desk = Desk(self.store, self.memo, self.claims, self.journal, self.recorder, self.clock)
        slots = Slots(runners)
        try:
            self.scheduler = Scheduler(row.id, plan, inquiry, desk, slots, watch or progress.append)
            status = self.scheduler.run()
        finally:
            slots.close()
        lock = LOCK.block(Lock({}, found))
        self.store.put([record_of(workflow).block(workflow), lock])
        steps = self.journal.steps(row.id)
        used = (record_of(workflow).cid(workflow), lock.cid, bound.values)
        blocks = run_blocks(*used, status, all_groups, steps)
        self.store.put(blocks)
        self.journal.end(row.id, status, blocks[-1].cid, self.clock.now_ms())
        return Ran(status, row, blocks[-1].cid, steps, progress)

    def rerun(
        self,
        run: Cid,
        runners: list[LocalRunner],
        step: str | None = None,
        watch: Watch = lambda _: None,
    ) -> tuple[StepVerdict, ...]:
        """Run a recorded run again with these runners."""
        record = RUN.decode(self.store.get(run))
        steps = repeatable(self.store, record)
        recorded = recorded_steps(self.store, record, choose(steps, step) if step else steps)
        slots = Slots(runners)
        try:
            rerun = Rerun(self.store, slots, Capacity(len(runners), 64, 2**40), watch)
            return rerun.run(recorded)
        finally:
            slots.close()

    def outputs(self, row: StepRow) -> dict[str, Cid]:
        """Return the outputs of an instance."""
        assert row.result is not None
        return RESULT.decode(self.store.get(row.result)).outputs

    def _select(self, cid: Cid, path: str) -> Cid:
        part, blocks = select(self.store.get, cid, path)
        self.store.put(blocks)
        return part
