"""Session: the conversation with one peer over one connection. Pure.

It is told what happened (`Dialled`, `Received`, `Ticked` ...) and answers with what to do (`Send`,
`Deliver`, `Cut` ...). Nothing but a good Hello is heard first; afterwards sequence numbers rise,
requests are few at a time and answered once, and whoever sends too much, or nothing, is cut.
"""

from collections.abc import Callable
from typing import Final

from engine.content.cid import Cid
from peers.allowance import STRANGER, Allowance
from peers.answers import Answer
from peers.certificate import holds
from peers.envelope import REQUEST_ID, VERSION, Envelope, Role, join, split
from peers.errors import RemoteFault
from peers.hello import Acquaintance, Party, introduce, meet
from peers.identity import PeerId
from peers.inflight import MAX_IN_FLIGHT, Inflight
from peers.messages import ALIVE_TYPE, HELLO_TYPE
from peers.past import Past
from peers.session_events import (
    Accepted,
    Action,
    Ask,
    Cut,
    Deliver,
    Dialled,
    Event,
    Granted,
    Lapsed,
    Lost,
    Met,
    Received,
    Reply,
    Send,
    Tell,
    Ticked,
)
from peers.session_table import Cause, State, move

HELLO_MS: Final = 5_000  # for a hello to come; a stranger holds a place no longer
ALIVE_MS: Final = 5_000  # of silence, after which this peer says that it is there
IDLE_MS: Final = 15_000  # of silence, after which the other is taken for gone

_NO_ID: Final = bytes(REQUEST_ID)


class Session:
    """One connection whose other end has proved to hold `curve_key`."""

    def __init__(
        self,
        party: Party,
        curve_key: bytes,
        *,
        expected: PeerId | None = None,
        past_of: Callable[[PeerId], Past] = lambda _: Past(),
    ) -> None:
        """Introduce this peer as `party`; with `expected`, nobody else will do.

        `past_of` gives what is remembered of a peer from earlier connections.
        """
        self._party = party
        self._curve_key = curve_key
        self._expected = expected
        self._past_of = past_of
        self._answers = Past().answers
        self._state = State.NEW
        self._met: Acquaintance | None = None
        self._hello: Cid | None = None  # of ours, when it was the first
        self._nonce = b""
        self._sent_seq = self._heard_seq = 0
        self._sent_ms = self._heard_ms = 0
        self._allowance = Allowance(STRANGER, 0)
        self._asked = Inflight()  # by this peer
        self._open = Inflight()  # by the other

    @property
    def state(self) -> State:
        """Where it is."""
        return self._state

    @property
    def peer(self) -> PeerId | None:
        """Who is at the other end, once that is known."""
        return self._met.peer if self._met else None

    @property
    def version(self) -> int:
        """The version of the protocol that was agreed; that of a Hello before."""
        return self._met.version if self._met else VERSION

    @property
    def room(self) -> int:
        """How many more requests may be asked now."""
        return self._asked.room

    def take(self, event: Event) -> tuple[Action, ...]:
        """Return what is to be done about an event; ValueError for one that cannot be now."""
        match event:
            case Received():
                return self._receive(event)
            case Ticked():
                return self._tick(event)
            case Ask() | Reply() | Tell():
                return self._speak(event)
            case Dialled() | Accepted():
                return self._begin(event)
            case Granted():
                self._move(Cause.PASSED)
                self._allowance.grant(event.rate, event.at_ms)
            case Lost():
                self._move(Cause.LOST)
        return ()

    def _move(self, cause: Cause) -> bool:
        """Change the state; return whether there is anything left to be done in it."""
        self._state = move(self._state, cause)
        return self._state is not State.CLOSED

    def _begin(self, event: Dialled | Accepted) -> tuple[Action, ...]:
        is_first = isinstance(event, Dialled)
        self._move(Cause.DIALLED if is_first else Cause.ACCEPTED)
        self._heard_ms = event.at_ms
        self._allowance = Allowance(STRANGER, event.at_ms)
        self._nonce = event.nonce
        return (self._greet(event.at_ms, None),) if is_first else ()

    def _greet(self, at_ms: int, answers: Cid | None) -> Send:
        hello = introduce(self._party, self._curve_key, self._nonce, answers)
        self._hello = hello.cid
        return self._send(at_ms, HELLO_TYPE, _NO_ID, hello.data)

    def _receive(self, event: Received) -> tuple[Action, ...]:
        if self._state is State.CLOSED:
            self._move(Cause.HEARD)
            return ()
        try:
            envelope, body = self._admit(event)
            if self._met is None:
                return self._meet(envelope, body, event)
            self._move(Cause.HEARD)
            return self._hear(envelope, body, event.at_ms)
        except RemoteFault as fault:
            self._move(Cause.FAULT)
            return (Cut(fault.what),)

    def _admit(self, event: Received) -> tuple[Envelope, bytes]:
        """Check what holds for every message."""
        if not self._allowance.take(event.at_ms, sum(map(len, event.frames))):
            raise RemoteFault("flood: it sends more than it may")
        envelope, body = split(event.frames)
        if envelope.seq <= self._heard_seq:
            raise RemoteFault(f"replay: seq {envelope.seq} after {self._heard_seq}")
        if envelope.version != self.version:
            raise RemoteFault(f"version {envelope.version} was not agreed")
        if (envelope.type == HELLO_TYPE) != (self._met is None):
            raise RemoteFault("a hello is the first message, and no other")
        self._heard_seq, self._heard_ms = envelope.seq, event.at_ms
        return envelope, body

    def _meet(self, envelope: Envelope, body: bytes, event: Received) -> tuple[Action, ...]:
        """Deal with the other's hello; answer it when it was the first."""
        is_answer = self._state is State.GREETING
        met = meet(
            self._party,
            body,
            curve_key=self._curve_key,
            answers=self._hello if is_answer else None,
            wall_ms=event.wall_ms,
        )
        if self._expected not in {None, met.peer}:
            raise RemoteFault(f"it is {met.peer}, and not {self._expected}")
        past = self._past_of(met.peer)
        past.certified(met.certificate.serial)
        self._move(Cause.GREETED)
        self._answers = past.answers
        greeting = () if is_answer else (self._greet(event.at_ms, met.hello),)
        self._met = met
        return (*greeting, Met(met.peer, met.version, met.heads))

    def _hear(self, envelope: Envelope, body: bytes, at_ms: int) -> tuple[Action, ...]:
        if envelope.role is Role.REQUEST:
            return self._asked_for(envelope, body, at_ms)
        if envelope.role is Role.ANSWER and not self._is_answered(envelope):
            return ()
        if envelope.type == ALIVE_TYPE:
            if body:
                raise RemoteFault("a sign of life has no body")
            return ()
        return (Deliver(envelope.role, envelope.type, envelope.request_id, body, None),)

    def _asked_for(self, envelope: Envelope, body: bytes, at_ms: int) -> tuple[Action, ...]:
        """Deal with a request: once, however often it is asked."""
        request_id, kind = envelope.request_id, envelope.type
        if answer := self._answers.find(request_id):
            return (self._send(at_ms, answer.type, request_id, answer.body),)
        if request_id in self._open:
            return ()
        if not self._open.room:
            raise RemoteFault(f"flood: over {MAX_IN_FLIGHT} requests in flight")
        ends_ms = at_ms + envelope.deadline_ms if envelope.deadline_ms else None
        self._open.add(request_id, kind, ends_ms)
        return (Deliver(Role.REQUEST, kind, request_id, body, ends_ms),)

    def _is_answered(self, envelope: Envelope) -> bool:
        """Return whether an answer is to be delivered; a late or second one is not."""
        kind = self._asked.type_of(envelope.request_id)
        if kind is None:
            if self._asked.is_past(envelope.request_id):
                return False
            raise RemoteFault("it answers what nobody asked")
        if envelope.type != kind + 1:
            raise RemoteFault(f"type {envelope.type} is no answer to type {kind}")
        self._asked.end(envelope.request_id)
        return True

    def _speak(self, event: Ask | Reply | Tell) -> tuple[Action, ...]:
        if not self._move(Cause.SPOKE):
            return ()
        match event:
            case Ask(at_ms, request_id, kind, body, deadline_ms):
                self._count(event)
                return (self._send(at_ms, kind, request_id, body, deadline_ms),)
            case Tell(at_ms, kind, body):
                return (self._send(at_ms, kind, _NO_ID, body),)
            case Reply(at_ms, request_id, body):
                return self._reply(at_ms, request_id, body)

    def _count(self, ask: Ask) -> None:
        if ask.request_id not in self._asked and not self._asked.room:
            raise ValueError(f"{MAX_IN_FLIGHT} requests are in flight: look at `room` first")
        ends_ms = ask.at_ms + ask.deadline_ms if ask.deadline_ms else None
        self._asked.add(ask.request_id, ask.type, ends_ms)

    def _reply(self, at_ms: int, request_id: bytes, body: bytes) -> tuple[Action, ...]:
        kind = self._open.end(request_id)
        if kind is None:
            if self._open.is_past(request_id):  # its time was up before its answer was there
                return ()
            raise ValueError("a reply to no request")
        self._answers.keep(request_id, Answer(kind + 1, body))
        return (self._send(at_ms, kind + 1, request_id, body),)

    def _tick(self, event: Ticked) -> tuple[Action, ...]:
        if not self._move(Cause.PASSED):
            return ()
        if reason := self._overdue(event):
            self._move(Cause.FAULT)
            return (Cut(reason),)
        ours, theirs = self._asked.lapse(event.at_ms), self._open.lapse(event.at_ms)
        lapsed: tuple[Action, ...] = ()
        if ours or theirs:  # seldom: each second of each connection comes by here
            lapsed = (
                *(Lapsed(one, is_ours=True) for one in ours),
                *(Lapsed(one, is_ours=False) for one in theirs),
            )
        if self._met is None or event.at_ms - self._sent_ms < ALIVE_MS:
            return lapsed
        return (*lapsed, self._send(event.at_ms, ALIVE_TYPE, _NO_ID, b""))

    def _overdue(self, event: Ticked) -> str:
        """Return why the connection is to end by now, or ""."""
        silent_ms = event.at_ms - self._heard_ms
        if self._met is None:
            return "no hello came" if silent_ms >= HELLO_MS else ""
        if silent_ms >= IDLE_MS:
            return f"nothing came for {silent_ms} ms"
        return "" if holds(self._met.certificate, event.wall_ms) else "its certificate has ended"

    def _send(
        self, at_ms: int, kind: int, request_id: bytes, body: bytes, deadline_ms: int = 0
    ) -> Send:
        self._sent_seq += 1
        self._sent_ms = at_ms
        return Send(
            join(Envelope(self.version, kind, request_id, self._sent_seq, deadline_ms), body)
        )
