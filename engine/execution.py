"""Execution: the way of a started instance: claim its key, run it, record it, say so.

Two processes of one home that want the same key share the work: one claims it and runs, the other
waits for the claim and takes the result. All of this is for the scheduler's thread; what slots
and the recorder have to say is posted to it as calls to be made.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from sqlite3 import Connection
from typing import Literal

from engine import outcomes
from engine.claims import Claims
from engine.clock import Clock
from engine.content.blocks import BlockStore
from engine.crew import Crew
from engine.errors import NoSandbox, NotRun, TallyError, Unavailable
from engine.inquiry import Inquiry
from engine.journal import Journal
from engine.lookup import Hit
from engine.memo import Memo, Witness
from engine.plan_events import Cancelled, Done, Event, Failed, Lost, Ran, Returned, Shared
from engine.progress import Ended, Printed, Started, Waiting, Watch
from engine.recorder import FULL, Record, Recorder
from engine.rows import Name
from engine.runner import CANCELLED, Order, Report
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class Desk:
    """What a run reads and writes."""

    store: BlockStore
    memo: Memo
    claims: Claims
    journal: Journal
    recorder: Recorder
    clock: Clock


@dataclass(frozen=True, slots=True)
class Wires:
    """Where an execution sends what it has to say."""

    tell: Callable[[Event], None]  # the plan
    post: Callable[[Callable[[], None]], None]  # the scheduler's thread, from any other
    halt: Callable[[TallyError], None]  # the run, for what is wrong with this machine
    watch: Watch


class Execution:
    """The started instances of one run. For one thread."""

    def __init__(self, run: str, desk: Desk, slots: Crew, inquiry: Inquiry, wires: Wires) -> None:
        self.shared: dict[Name, Hit] = {}  # results of others, until the plan reuses them
        self.failures: dict[Name, TallyError | str] = {}  # of the last attempt: raised, or its note
        self._run = run
        self._desk = desk
        self._slots = slots
        self._inquiry = inquiry
        self._wires = wires
        self._orders: dict[Name, Order] = {}  # resolved, not ended
        self._active: set[Name] = set()  # running, or being recorded
        self._ran: list[tuple[Name, Report]] = []  # to be recorded
        self._waiting: dict[Name, int] = {}  # for who else is at work on the key -> attempt
        self._cancelling: set[Name] = set()
        self._had_sandbox = False  # so that one which is refused now may be had a little later

    @property
    def is_waiting(self) -> bool:
        """Whether there are instances that wait for another process."""
        return bool(self._waiting)

    def offer(self, name: Name, order: Order) -> None:
        """Take the order of an instance that may be started."""
        self._orders[name] = order

    def drop(self, name: Name) -> Order | None:
        """Forget an instance that will not be started again; return its order if there is one."""
        return self._orders.pop(name, None)

    def start(self, attempts: Mapping[Name, int]) -> None:
        """Run instances, each for so many times now, or wait for who is at work on their keys."""
        begun = self._begin(attempts)
        for name in [name for name in attempts if name not in begun]:
            self._waiting[name] = attempts[name]
            self._desk.claims.await_release(self._orders[name].key.raw)
            self._wires.watch(Waiting(*name))

    def cancel(self, name: Name, *, insist: bool) -> None:
        """End an instance; one that another run waits for goes on unless we insist."""
        if name in self._waiting:
            self._stop_waiting(name)
            self._wires.tell(Cancelled(*name))
        elif name not in self._active:
            return  # it has ended, and that is on its way to the plan
        elif insist or not self._desk.claims.is_awaited(self._orders[name].key.raw):
            self._cancelling.add(name)
            self._slots.cancel(name)

    def hurry(self) -> None:
        """Have results recorded at once if there is a slot that may be waiting for one."""
        if self._slots.has_idle:
            self._desk.recorder.hurry()

    def record(self) -> None:
        """Have all that ran since the last time made durable together."""
        ran, self._ran = self._ran, []
        if not ran:
            return
        rows = [outcomes.of_report(name, report) for name, report in ran]
        reports = [one for _, report in ran for one in (report, *report.others)]
        witnesses = [_witness_of(one) for one in reports if _is_new(one)]

        def change(database: Connection) -> None:
            self._desk.journal.add_steps(database, self._run, rows)
            self._desk.memo.add(database, witnesses)

        def recorded(outcome: "Future[None]") -> None:
            self._wires.post(partial(self._on_recorded, ran, outcome))

        blocks = tuple(block for one in reports for block in one.blocks)
        self._desk.recorder.submit(Record(blocks, change, recorded))
        if len(ran) >= FULL:
            self._desk.recorder.hurry()

    def insist(self) -> None:
        """End everything that runs, whoever waits for it."""
        for name in tuple(self._active):
            self.cancel(name, insist=True)

    def poll(self) -> None:
        """Look at what nobody tells of: claims given back, cancels that were not heard."""
        for name in tuple(self._cancelling):
            self._slots.cancel(name)  # again: it may not have begun the last time
        for name in self._begin(dict(self._waiting)) if self._waiting else ():
            self._stop_waiting(name)

    def _begin(self, attempts: Mapping[Name, int]) -> set[Name]:
        """Start instances unless somebody else is at work on their keys; return which."""
        keys = {name: self._orders[name].key for name in attempts if self._inquiry.may_share(name)}
        taken = {name: key for name, key in keys.items() if self._desk.claims.take(key.raw)}
        hits = self._inquiry.again(taken)  # made since they were looked for
        begun = [name for name in attempts if name in taken or name not in keys]
        for name in begun:
            if (hit := hits.get(name)) is None:
                self._launch(name, attempts[name])
                continue
            self._desk.claims.release(taken[name].raw)
            self.shared[name] = hit
            self._wires.tell(Shared(*name))
        return set(begun)

    def _launch(self, name: Name, attempt: int) -> None:
        order = self._orders[name]
        self._active.add(name)
        self._slots.start(
            name,
            order,
            partial(self._print, name),
            partial(self._post_end, name),
            partial(self._wires.watch, Started(*name, attempt)),
        )

    def _print(self, name: Name, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        self._wires.watch(Printed(*name, stream, data))

    def _post_end(self, name: Name, future: "Future[Report]") -> None:
        self._wires.post(partial(self._on_end, name, future))

    def _on_end(self, name: Name, future: "Future[Report]") -> None:
        try:
            report = future.result()
        except TallyError as error:
            self._fail(name, error)
            return
        except CancelledError:  # it had not begun
            stopped = name in self._cancelling
            self._leave(name)
            self._wires.tell(Cancelled(*name) if stopped else Returned(*name))
            return
        self._had_sandbox = True
        if report.attestation.reason == CANCELLED:
            self._leave(name)
            self._wires.tell(Cancelled(*name))
        else:
            self._wires.tell(Ran(*name))
            self._ran.append((name, report))

    def _on_recorded(self, ran: Sequence[tuple[Name, Report]], outcome: "Future[None]") -> None:
        try:
            outcome.result()
        except TallyError as error:
            for name, _ in ran:
                self._leave(name)
                self.failures[name] = error
                self._wires.tell(Failed(*name, retryable=False))
            return
        for name, report in ran:
            self._end(name, report)

    def _end(self, name: Name, report: Report) -> None:
        """Say what came of an instance, which is durable now."""
        self._leave(name)
        if report.succeeded:
            self.drop(name)
            self._inquiry.products.add(*name, report.result.outputs)
            self._wires.watch(Ended(*name, "ran", report.attestation.wall_ms, ""))
            self._wires.tell(Done(*name))
        else:
            self.failures[name] = outcomes.why_failed(report)
            self._wires.tell(Failed(*name, retryable=True))

    def _fail(self, name: Name, error: TallyError) -> None:
        """Take what a runner or the recorder raised: only what is not here may come back."""
        self._leave(name)
        if isinstance(error, NoSandbox) and not self._had_sandbox:
            self._wires.halt(error)
            self._wires.tell(Returned(*name))  # it is not the step's fault
            return
        self.failures[name] = error
        is_lost = isinstance(error, Unavailable) and not isinstance(error, NotRun)
        self._wires.tell(Lost(*name) if is_lost else Failed(*name, retryable=False))

    def _leave(self, name: Name) -> None:
        """Let go of an instance that has ended, for this attempt or for good."""
        self._active.remove(name)
        self._cancelling.discard(name)
        if self._inquiry.may_share(name):
            self._desk.claims.release(self._orders[name].key.raw)

    def _stop_waiting(self, name: Name) -> None:
        del self._waiting[name]
        self._desk.claims.stop_waiting(self._orders[name].key.raw)


def _witness_of(report: Report) -> Witness:
    proof = (report.attestation_cid, report.signed, report.signer)
    return Witness(report.result.step, report.result_cid, *proof)


def _is_new(report: Report) -> bool:
    """Return whether a result is to go in the memo."""
    return report.succeeded and not report.is_kept
