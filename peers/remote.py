"""RemoteSlots: a crew whose steps peers run: it hands them to the node of this home.

Two threads, however many steps there are: one sends what was started (remote_sender.py), one hears
what came of it.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import count
from typing import Final

from engine.content.blocks import BlockStore
from engine.errors import NotRun, TallyError
from engine.rows import Name
from engine.runner import Order, Report
from engine.sandbox.base import LogSink
from peers.brief import Brief, KeptFor
from peers.plain import Plain
from peers.remote_sender import Client, Sender
from peers.remote_step import Begun, RemoteStep, report_of
from peers.run_frames import (
    Loss,
    Outcome,
    read_losses,
    read_numbers,
    read_outcomes,
    write_numbers,
)

LISTEN_MS: Final = 200  # how soon it is noticed that nothing more is to be heard

Done = Callable[["Future[Report]"], None]


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
        self._kept_for = kept_for
        self._note = note
        self._sender = Sender(client, store, brief)
        self._numbers = count(1)  # by who starts steps alone
        self._room = 0  # steps that peers run at once, as the listener hears
        self._lock = threading.Lock()  # over the three that follow
        self._open: dict[int, RemoteStep] = {}
        self._named: dict[Name, int] = {}
        self._broken: TallyError | None = None
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
            self._sender.stays(kept.roots)
            self._sender.put(kept)
        step = RemoteStep(next(self._numbers), name, order, logs, begun)
        step.end.add_done_callback(done)
        with self._lock:
            broken = self._broken
            if broken is None:
                self._open[step.number] = step
                self._named[name] = step.number
        if broken is not None:
            step.end.set_exception(broken)
        else:
            self._sender.put(step)

    def cancel(self, name: Name) -> None:
        """End a step: nothing is heard of it any more."""
        with self._lock:
            number = self._named.get(name)
        if number is not None:
            self._give_up([number])

    def accuse(self, provider: bytes) -> None:
        """Have the node leave a peer alone that gave a wrong result: its key."""
        self._sender.put(("accused", (provider,)))

    def close(self) -> None:
        """Stop everything; the node hears it by the end of the conversation."""
        with self._lock:
            numbers = list(self._open)
        self._give_up(numbers)
        self._closing.set()
        self._sender.close()
        for thread in self._threads:
            thread.join()
        self._client.close()

    # the thread that sends

    def _send_all(self) -> None:
        try:
            self._sender.run()
        except TallyError as error:
            self._break(error)

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
            if (step := self._open.get(number)) is not None:
                step.begin()

    def _on_ended(self, outcome: Outcome) -> None:
        step = self._take(outcome.number)
        if step is None:
            return
        try:
            report = report_of(outcome)
            step.show(report.attestation, self._store.get)
        except TallyError as error:
            step.end.set_exception(error)
            return
        self._sender.stays(outcome.away)
        step.end.set_result(report)
        if not report.succeeded:
            self._give_back()

    def _on_lost(self, loss: Loss) -> None:
        if (step := self._take(loss.number)) is not None:
            step.end.set_exception(NotRun(loss.what, where=loss.where, fix=loss.fix))
            self._give_back()

    # either

    def _take(self, number: int) -> RemoteStep | None:
        with self._lock:
            step = self._open.pop(number, None)
            if step is not None and self._named.get(step.name) == number:
                del self._named[step.name]
        return step

    def _give_back(self) -> None:
        """Begin nothing after a failure before that is judged."""
        with self._lock:
            waiting = [step.number for step in self._open.values() if step.is_waiting]
        self._give_up(waiting)

    def _give_up(self, numbers: Sequence[int]) -> None:
        taken = [step for number in numbers if (step := self._take(number)) is not None]
        if taken:
            self._sender.put(write_numbers("stop", [step.number for step in taken]))
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
