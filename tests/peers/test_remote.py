"""The steps of a run that peers run, as its process sees them: one conversation with the node."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.errors import NotRun, Unavailable
from engine.runner import Order, Report
from engine.sandbox.base import Limits
from engine.step import ATTESTATION, RESULT, STEP, Attestation, Result
from engine.store.memory import MemoryStore
from peers.brief import Brief
from peers.control_client import Client
from peers.plain import Plain
from peers.remote import RemoteSlots
from peers.run_frames import (
    Loss,
    Outcome,
    Task,
    read_numbers,
    read_tasks,
    write_losses,
    write_numbers,
    write_outcomes,
)
from peers.step_messages import Need
from tests.peers.labour import ENVIRONMENT, step

WAIT_MS = 20_000
LIMITS = Limits(memory=2**20, disk=2**20, wall_ms=1_000)
PRINTED = Block(Cid.of(RAW, b"printed"), b"printed")
PROOF = Cid.of(RAW, b"proof")


def order(name: str) -> Order:
    """Return the order of a step."""
    record = step(name)
    return Order(record.cid, STEP.decode(record.data), (record,), LIMITS)


class Conversation:
    """A crew, and the node's end of its conversation."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.node = Client(theirs)
        self.store = MemoryStore()
        self.notes: list[str] = []
        need = Need(ENVIRONMENT.cid, 1, 1, 1)
        self.slots = RemoteSlots(
            Client(ours), self.store, lambda *_: Brief(need, 7, ()), lambda _: (), self._noted
        )
        self.printed: list[tuple[str, bytes]] = []
        self.begun: list[str] = []
        self.ends: dict[str, Future[Report]] = {}
        self.heard = threading.Event()

    def start(self, name: str) -> None:
        """Start a step."""
        self.slots.start(
            (name, 0),
            order(name),
            lambda stream, data: self.printed.append((stream, data)),
            lambda end: self._ended(name, end),
            lambda: self._begun(name),
        )

    def hear(self) -> Plain:
        """Return what the node hears next."""
        return self.node.receive(WAIT_MS)

    def tasks(self, count: int) -> list[Task]:
        """Return the next steps that the node hears of."""
        found: list[Task] = []
        while len(found) < count:
            match self.hear():
                case ("steps", tasks):
                    found += read_tasks(tasks)
                case other:
                    raise AssertionError(other)
        return found

    def answer(self, *tasks: Task, exit_code: int = 0) -> None:
        """Say that some steps were run."""
        self.store.put([PRINTED])
        self.node.send(write_outcomes([outcome(task, exit_code) for task in tasks]))

    def until(self, is_so: Callable[[], object]) -> None:
        """Wait until something is heard that makes something so."""
        while not is_so():
            assert self.heard.wait(WAIT_MS / 1000)
            self.heard.clear()

    def _noted(self, text: str) -> None:
        self.notes.append(text)
        self.heard.set()

    def _ended(self, name: str, end: "Future[Report]") -> None:
        self.ends[name] = end
        self.heard.set()

    def _begun(self, name: str) -> None:
        self.begun.append(name)
        self.heard.set()


def outcome(task: Task, exit_code: int) -> Outcome:
    """Return what came out of a step."""
    outputs = {"out": PRINTED.cid} if exit_code == 0 else {}
    result = RESULT.block(Result(task.key, exit_code, outputs))
    said = Attestation(
        task.key, result.cid, "bwrap", "Linux", 1, 2, 3, 4, None, PRINTED.cid, False, ""
    )
    return Outcome(task.number, result.data, ATTESTATION.encode(said), PROOF, bytes(32))


@pytest.fixture
def talk() -> Iterator[Conversation]:
    """A conversation."""
    made = Conversation()
    yield made
    made.node.close()
    made.slots.close()


def test_what_a_peer_ran_is_reported(talk: Conversation) -> None:
    """With its log, its attestation, whose word it is, and the proof of that."""
    talk.start("a")
    (task,) = talk.tasks(1)
    assert (task.key, task.outputs, task.usual_ms) == (step("a").cid, ("out",), 7)
    assert talk.store.has(task.key)
    talk.node.send(write_numbers("begun", [task.number]))
    talk.answer(task)
    talk.until(lambda: talk.ends)
    report = talk.ends["a"].result()
    assert report.succeeded
    assert report.result == Result(task.key, 0, {"out": PRINTED.cid})
    assert (report.signed, report.signer, report.blocks) == (PROOF, bytes(32), ())
    assert report.attestation.result == report.result_cid
    assert talk.begun == ["a"]
    assert talk.printed == [("stderr", b"printed")]


def test_a_thousand_steps_take_no_thousand_threads(talk: Conversation) -> None:
    """They are told in a few frames, and answered in any order."""
    before = threading.active_count()
    for number in range(1_000):
        talk.start(f"s{number}")
    tasks = talk.tasks(1_000)
    assert threading.active_count() == before
    talk.answer(*reversed(tasks))
    talk.until(lambda: len(talk.ends) == 1_000)
    assert all(talk.ends[f"s{n}"].result().result.step == step(f"s{n}").cid for n in (0, 999))


def test_a_step_that_is_cancelled_is_stopped(talk: Conversation) -> None:
    """It ends at once; what comes of it later is not heard."""
    talk.start("a")
    (task,) = talk.tasks(1)
    talk.slots.cancel(("a", 0))
    assert talk.ends["a"].cancelled()
    match talk.hear():
        case ("stop", numbers):
            assert read_numbers(numbers) == [task.number]
        case other:
            raise AssertionError(other)
    talk.answer(task)
    talk.slots.cancel(("a", 0))


def test_nothing_begins_after_a_failure_before_that_is_judged(talk: Conversation) -> None:
    """What was not handed over is given back; what was goes on."""
    for name in ("a", "b", "c"):
        talk.start(name)
    first, second, _ = talk.tasks(3)
    talk.node.send(write_numbers("begun", [first.number, second.number]))
    talk.answer(first, exit_code=3)
    talk.until(lambda: len(talk.ends) == 2)
    assert talk.ends["a"].result().result.exit_code == 3
    with pytest.raises(CancelledError):
        talk.ends["c"].result()
    talk.answer(second)
    talk.until(lambda: "b" in talk.ends)
    assert talk.ends["b"].result().succeeded


def test_a_step_that_nobody_runs_is_lost(talk: Conversation) -> None:
    """With what the node says of it; a person is told more."""
    talk.start("a")
    (task,) = talk.tasks(1)
    talk.node.send(("note", "nobody is there"))
    talk.node.send(write_losses([Loss(task.number, "nobody runs it", "", "add a peer")]))
    talk.until(lambda: talk.ends)
    with pytest.raises(NotRun, match="nobody runs it") as raised:
        talk.ends["a"].result()
    assert raised.value.fix == "add a peer"
    assert talk.notes == ["nobody is there"]


def test_when_the_node_goes_nothing_waits_for_ever(talk: Conversation) -> None:
    """Neither what was started nor what is started then."""
    talk.start("a")
    talk.tasks(1)
    talk.node.close()
    talk.until(lambda: talk.ends)
    talk.start("b")
    for name in ("a", "b"):
        with pytest.raises(Unavailable):
            talk.ends[name].result()


def test_peers_are_idle_while_they_run_less_than_they_could(talk: Conversation) -> None:
    """As far as the node has said how much that is."""
    assert talk.slots.has_idle
    talk.start("a")
    assert not talk.slots.has_idle
    talk.node.send(("room", 2))
    talk.node.send(("note", "said after it"))
    talk.until(lambda: talk.notes)
    assert talk.slots.has_idle
    assert len(talk.slots) == 2
