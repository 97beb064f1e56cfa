"""RemoteSlots: a crew whose steps peers run: it hands them to the node of this home.

Two threads, however many steps there are: one sends what was started, many at a time and after
their records are durable, for the node serves them from the store; one hears what came of them.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import count
from queue import Empty, SimpleQueue
from typing import Final, Literal, Protocol

from engine.content.blocks import BlockStore
from engine.content.cid import DAG_CBOR, Cid
from engine.content.reader import read
from engine.errors import NotRun, TallyError
from engine.rows import Name
from engine.runner import Order, Report
from engine.sandbox.base import LogSink
from engine.step import ATTESTATION, RESULT, Attestation
from peers.brief import Brief, Kept, KeptFor, reads, record_of
from peers.plain import Plain
from peers.run_frames import (
    MAX_TASKS,
    Held,
    Loss,
    Outcome,
    Task,
    read_losses,
    read_numbers,
    read_outcomes,
    write_held,
    write_numbers,
    write_tasks,
)

LISTEN_MS: Final = 200  # how soon it is noticed that nothing more is to be heard

Begun = Callable[[], None]
Done = Callable[["Future[Report]"], None]


class Client(Protocol):
    """The conversation with the node (control_client.py): one thread sends, another receives."""

    def send(self, value: Plain) -> None:
        """Send a value. Raises: Unavailable when the node is gone."""
        ...

    def receive(self, timeout_ms: int | None = None) -> Plain:
        """Return the next value, None when none comes in time. Raises: as `send`."""
        ...

    def close(self) -> None:
        """Go."""
        ...


class _Open:
    """A step that was started, and has not ended."""

    def __init__(self, number: int, name: Name, order: Order, logs: LogSink, begun: Begun) -> None:
        self.number = number
        self.name = name
        self.order = order
        self.logs = logs
        self.begun: Begun | None = begun  # None once it was called
        self.end: Future[Report] = Future()

    @property
    def about(self) -> tuple[int, Name, Order]:
        """What is told of it."""
        return self.number, self.name, self.order


def _unheard() -> None:
    """Tell nobody."""


class RemoteSlots:
    """The steps of one run that peers run."""

    def __init__(
        self,
        client: Client,
        store: BlockStore,
        brief: Callable[[Name, Order], Brief],
        kept_for: KeptFor,
        note: Callable[[str], None],
    ) -> None:
        """Take a conversation that the node attends to, and where to say what a person may want."""
        self._client = client
        self._store = store
        self._brief = brief
        self._kept_for = kept_for
        self._note = note
        self._numbers = count(1)  # by who starts steps alone
        self._kinds: dict[str, int] = {}  # by the sender alone
        self._room = 0  # steps that peers run at once, as the listener hears
        self._away: set[Cid] = set()  # what stayed where it was made; it only grows
        self._lock = threading.Lock()  # over the three that follow
        self._open: dict[int, _Open] = {}
        self._named: dict[Name, int] = {}
        self._broken: TallyError | None = None
        self._outbox: SimpleQueue[_Open | Kept | Plain] = SimpleQueue()
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=work, name=f"remote {what}", daemon=True)
            for what, work in (("sender", self._send_all), ("listener", self._listen))
        ]
        for thread in self._threads:
            thread.start()

    def __len__(self) -> int:
        return self._room

    @property
    def has_idle(self) -> bool:
        """Whether peers run fewer steps than they could."""
        return len(self._open) < max(1, self._room)

    def start(
        self, name: Name, order: Order, logs: LogSink, done: Done, begun: Begun = _unheard
    ) -> None:
        """Have a step run; all is called back from the thread that listens."""
        for kept in self._kept_for(order):
            self._away.update(kept.roots)
            self._outbox.put(kept)
        step = _Open(next(self._numbers), name, order, logs, begun)
        step.end.add_done_callback(done)
        with self._lock:
            broken = self._broken
            if broken is None:
                self._open[step.number] = step
                self._named[name] = step.number
        if broken is not None:
            step.end.set_exception(broken)
        else:
            self._outbox.put(step)

    def cancel(self, name: Name) -> None:
        """End a step: nothing is heard of it any more."""
        with self._lock:
            number = self._named.get(name)
        if number is not None:
            self._give_up([number])

    def close(self) -> None:
        """Stop everything; the node hears it by the end of the conversation."""
        with self._lock:
            numbers = list(self._open)
        self._give_up(numbers)
        self._closing.set()
        self._outbox.put(("end",))
        self._outbox.put(None)
        for thread in self._threads:
            thread.join()
        self._client.close()

    # the thread that sends

    def _send_all(self) -> None:
        try:
            while (first := self._outbox.get()) is not None:
                self._send([first])
        except TallyError as error:
            self._break(error)

    def _send(self, said: list["_Open | Kept | Plain"]) -> None:
        """Send what has piled up, in order."""
        try:
            while len(said) < MAX_TASKS:
                said.append(self._outbox.get_nowait())
        except Empty:
            pass
        kept = [one for one in said if isinstance(one, Kept)]
        started = [one for one in said if isinstance(one, _Open) and not one.end.done()]
        if kept or started:
            orders = [one.order for one in kept] + [one.order for one in started]
            self._store.put([block for order in orders for block in order.blocks])
        if kept:
            self._client.send(write_held([self._held(one) for one in kept]))
        if started:
            self._client.send(write_tasks([self._task(*one.about) for one in started]))
        for one in said:
            if isinstance(one, tuple) and not isinstance(one, Kept):
                self._client.send(one)
        if None in said:
            self._outbox.put(None)

    def _held(self, kept: Kept) -> Held:
        return Held(self._task(0, kept.name, kept.order), kept.roots, kept.provider)

    def _task(self, number: int, name: Name, order: Order) -> Task:
        brief = self._brief(name, order)
        return Task(
            number,
            order.key,
            brief.need,
            self._kinds.setdefault(name[0], len(self._kinds)),
            brief.usual_ms,
            tuple(order.step.outputs),
            brief.sizes,
            brief.is_private,
            brief.stays,
            record_of(order),
            tuple(cid for cid in reads(order) if cid in self._away) if self._away else (),
        )

    # the thread that listens

    def _listen(self) -> None:
        try:
            while not self._closing.is_set():
                frame = self._client.receive(LISTEN_MS)
                if frame is not None:
                    self._hear(frame)
        except TallyError as error:  # or it has let us go
            self._break(error)

    def _hear(self, frame: Plain) -> None:
        match frame:
            case ("begun", numbers):
                self._on_begun(read_numbers(numbers))
            case ("ended", outcomes):
                for outcome in read_outcomes(outcomes):
                    self._on_ended(outcome)
            case ("lost", losses):
                for loss in read_losses(losses):
                    self._on_lost(loss)
            case ("room", int(room)):
                self._room = room
            case ("note", str(text)):
                self._note(text)

    def _on_begun(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            step = self._open.get(number)
            if step is not None and step.begun is not None:
                begun, step.begun = step.begun, None
                begun()

    def _on_ended(self, outcome: Outcome) -> None:
        step = self._take(outcome.number)
        if step is None:
            return
        try:
            report = _report(outcome)
            self._show(step, report.attestation)
        except TallyError as error:
            step.end.set_exception(error)
            return
        self._away.update(outcome.away)
        step.end.set_result(report)
        if not report.succeeded:
            self._give_back()

    def _on_lost(self, loss: Loss) -> None:
        if (step := self._take(loss.number)) is not None:
            step.end.set_exception(NotRun(loss.what, where=loss.where, fix=loss.fix))
            self._give_back()

    def _show(self, step: _Open, attestation: Attestation) -> None:
        """Pass on what a step printed, now that it has ended."""
        streams: tuple[tuple[Literal["stdout", "stderr"], Cid | None], ...]
        streams = (("stdout", attestation.stdout), ("stderr", attestation.stderr))
        for stream, cid in streams:
            for piece in read(self._store.get, cid) if cid is not None else ():
                step.logs(stream, piece)

    # either

    def _take(self, number: int) -> _Open | None:
        with self._lock:
            step = self._open.pop(number, None)
            if step is not None and self._named.get(step.name) == number:
                del self._named[step.name]
        return step

    def _give_back(self) -> None:
        """Begin nothing after a failure before that is judged."""
        with self._lock:
            waiting = [step.number for step in self._open.values() if step.begun is not None]
        self._give_up(waiting)

    def _give_up(self, numbers: Sequence[int]) -> None:
        taken = [step for number in numbers if (step := self._take(number)) is not None]
        if taken:
            self._outbox.put(write_numbers("stop", [step.number for step in taken]))
        for step in taken:
            step.end.cancel()

    def _break(self, error: TallyError) -> None:
        """Let everything fail for what makes it impossible to go on."""
        with self._lock:
            self._broken = error
            numbers = list(self._open)
        for number in numbers:
            if (step := self._take(number)) is not None:
                step.end.set_exception(error)


def _report(outcome: Outcome) -> Report:
    """Return what came out. Nothing is to be put: the node did that."""
    attestation = ATTESTATION.decode(outcome.attestation)
    return Report(
        result=RESULT.decode(outcome.result),
        result_cid=Cid.of(DAG_CBOR, outcome.result),
        attestation=attestation,
        attestation_cid=Cid.of(DAG_CBOR, outcome.attestation),
        signed=outcome.proof,
        signer=outcome.signer,
        detail="",
        blocks=(),
    )
