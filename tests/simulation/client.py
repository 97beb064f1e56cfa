"""Client: stands for the process of `tally run --on peers`: the real plan, and frames to the node.

When nobody runs a step it gives up, and its user runs it again.
"""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from engine import plan_events
from engine.content.cid import DAG_CBOR, Cid
from peers.agreement import Said
from peers.identity import PeerId
from peers.plain import Plain
from peers.run_frames import Task, read_outcomes, write_tasks
from peers.step_messages import Need
from tests.simulation import work
from tests.simulation.agenda import Agenda
from tests.simulation.disk import Writer
from tests.simulation.promises import Promises
from tests.simulation.requester import Run

AGAIN_MS = 1_000  # after which the user tries again
NEED = Need(work.ENVIRONMENT.cid, 1, 1, 60_000)
SLOTS = 64


class Clients:
    """The runs of one life of a peer. Has what a Requester of the simulation has."""

    def __init__(
        self,
        me: PeerId,
        writer: Writer,
        agenda: Agenda,
        promises: Promises,
        attend: Callable[["Client"], None],
    ) -> None:
        self.me = me
        self.writer = writer
        self.agenda = agenda
        self.promises = promises
        self.attend = attend
        self._submitted: set[int] = set()

    def submit(self, number: int, seed: int) -> None:
        """Take a run; it is acknowledged once it is saved."""
        if number in self._submitted:
            return
        self._submitted.add(number)

        def saved() -> None:
            self.promises.submitted(self.me, number)
            self.begin(number, seed)

        self.writer.save(saved, runs=(number, seed))

    def resume(self) -> None:
        """Begin again all that had not ended when the last life did."""
        for number, seed in tuple(self.writer.table("runs").items()):
            self._submitted.add(number)
            self.promises.submitted(self.me, number)
            self.begin(number, seed)

    def begin(self, number: int, seed: int) -> None:
        """Begin a run."""
        Client(self, number, seed).begin()

    def later(self, delay_ms: int, happens: Callable[[], None]) -> None:
        """Have something happen in this life."""
        self.agenda.after(delay_ms, lambda: happens() if self.writer.is_alive else None)


class Client:
    """One run, once. A Visitor of the node."""

    def __init__(self, clients: Clients, number: int, seed: int) -> None:
        self.on_frame: Callable[[Plain], None] = lambda _: None
        self.on_closed: Callable[[], None] = lambda: None
        self._clients = clients
        self._seed = seed
        self._run = Run(number, work.graph(Random(seed)), SLOTS)  # noqa: S311
        self._steps: list[tuple[str, int]] = []  # by number
        self._tasks: list[Task] = []  # not sent yet
        self._is_over = False

    def begin(self) -> None:
        """Begin."""
        self._clients.attend(self)
        self._follow(self._run.plan.begin())

    # a visitor

    def send(self, frame: Plain) -> None:
        """Be told something, a moment later."""
        self._clients.later(1, lambda: self._take(frame))

    def close(self) -> None:
        """Be let go."""
        self.on_closed()

    def _take(self, frame: Any) -> None:
        if self._is_over:
            return
        if frame[0] == "lost":
            self._is_over = True
            self.on_closed()
            number = self._run.number
            self._clients.later(AGAIN_MS, lambda: self._clients.begin(number, self._seed))
        elif frame[0] == "ended":
            for outcome in read_outcomes(frame[1]):
                self._end(outcome)

    def _end(self, outcome: Any) -> None:
        step, index = self._steps[outcome.number]
        key = self._run.results[step, index]
        said = Said(key, *(Cid.of(DAG_CBOR, data) for data in outcome[1:3]))
        self._clients.promises.acknowledged(self._clients.me, said, PeerId(outcome.signer))
        self._follow(self._run.plan.handle(plan_events.Ran(step, index)))
        failed = bool(work.exit_code(key))
        end = plan_events.Failed(step, index, False) if failed else plan_events.Done(step, index)
        self._follow(self._run.plan.handle(end))

    # the plan

    def _follow(self, actions: Iterable[plan_events.Action]) -> None:
        for action in actions:
            match action:
                case plan_events.Resolve(step, indexes):
                    self._resolve(step, indexes)
                case plan_events.Start(step, index):
                    self._start(step, index)
                case plan_events.Finish(status):
                    self._finish(status)
        if self._tasks:
            self._clients.later(1, self._send)

    def _send(self) -> None:
        tasks, self._tasks = self._tasks, []
        if tasks and not self._is_over:
            frame = write_tasks(tasks)
            self._clients.writer.flush(lambda: None if self._is_over else self.on_frame(frame))

    def _resolve(self, step: str, indexes: range) -> None:
        memo = self._clients.writer.table("memo")
        reusable, missing = [], []
        for index in indexes:
            key = self._key(step, index)
            self._run.results[step, index] = key
            (reusable if key in memo else missing).append(index)
        self._follow(self._run.plan.handle(plan_events.Resolved(step, reusable, missing)))

    def _key(self, step: str, index: int) -> Cid:
        read = work.reads(self._run.by_name, step, index)
        inputs = [work.output(self._run.results[each])[0].cid for each in read]
        block = work.step(self._run.number, step, index, inputs)
        environment = work.ENVIRONMENT
        self._clients.writer.put([(block.cid, block.data), (environment.cid, environment.data)])
        self._clients.promises.asked(block.cid)
        return block.cid

    def _start(self, step: str, index: int) -> None:
        key = self._run.results[step, index]
        outputs = () if work.exit_code(key) else ("out",)
        kind = ord(step[0])
        self._tasks.append(Task(len(self._steps), key, NEED, kind, None, outputs, ()))
        self._steps.append((step, index))

    def _finish(self, status: str) -> None:
        self._is_over = True
        number = self._run.number

        def saved() -> None:
            self._clients.promises.ended(self._clients.me, number, status)
            self.on_frame(("end",))

        self._clients.writer.save(saved, runs=(number, None), ended=(number, status))
