"""Post: the sessions of this peer on its connections. The edge between the two.

It gives sessions what arrives and the time, does what they say, and tells its owner what is left:
who was met, what came for whom, who is gone and why. For one thread.

>>> post = Post(transport, party, SystemClock())                         # doctest: +SKIP
>>> line = post.dial(place, Channel.CONTROL, expected=peer)              # doctest: +SKIP
>>> for happened in post.poll(100): ...                                  # doctest: +SKIP
"""

import secrets
from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from engine.clock import Clock
from peers.allowance import Rate
from peers.connection import Arrival, Arrived, Channel, Connected, Connection, Ended, Place
from peers.envelope import REQUEST_ID, Role
from peers.hello import NONCE, Party
from peers.identity import PeerId
from peers.past import Past
from peers.session import Session
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
from peers.transport import Transport

MAX_PASTS: Final = 1_024  # peers of which something is remembered: 256 KiB of answers at most
MAX_WAITING: Final = 256  # messages of one connection, beside the 64 of its socket
TICK_MS: Final = 1_000
SHUT_OUT_MS: Final = 60_000  # for a key that broke the protocol


class Opened(NamedTuple):
    """Somebody is at the other end of a connection."""

    connection: Connection
    peer: PeerId


class Came(NamedTuple):
    """A message for this peer."""

    connection: Connection
    peer: PeerId
    role: Role
    type: int
    request_id: bytes
    body: bytes


class Unanswered(NamedTuple):
    """The time for an answer is up."""

    connection: Connection
    peer: PeerId
    request_id: bytes


class Closed(NamedTuple):
    """A connection is gone; `peer` is None when nobody was met on it."""

    connection: Connection
    peer: PeerId | None
    why: str
    is_fault: bool  # of the other end's: it broke the protocol


Happened: TypeAlias = Opened | Came | Unanswered | Closed


class Post:
    """The conversations of this peer."""

    def __init__(self, transport: Transport, party: Party, clock: Clock) -> None:
        """Speak as `party` over a transport, which stays its owner's to close."""
        self._transport = transport
        self._party = party
        self._clock = clock
        self._sessions: dict[Connection, Session] = {}
        self._expected: dict[Connection, PeerId] = {}  # dialled, and not connected yet
        self._waiting: dict[Connection, deque[tuple[bytes, ...]]] = {}  # for room to be sent
        self._happened: list[Happened] = []  # between two polls
        self._pasts: OrderedDict[PeerId, Past] = OrderedDict()
        self._ticked_ms = clock.monotonic_ms()

    def dial(self, place: Place, channel: Channel, *, expected: PeerId) -> Connection:
        """Begin to connect to a peer; Opened or Closed will happen.

        Raises: LocalFault when the place is none.
        """
        connection = self._transport.dial(place, channel)
        self._expected[connection] = expected
        return connection

    def ask(self, connection: Connection, kind: int, body: bytes, deadline_ms: int) -> bytes:
        """Send a request; return its id, which its answer will have."""
        request_id = secrets.token_bytes(REQUEST_ID)
        self._tell(connection, Ask(self._now_ms(), request_id, kind, body, deadline_ms))
        return request_id

    def reply(self, connection: Connection, request_id: bytes, body: bytes) -> None:
        """Answer a request that came on a connection, if that is still there."""
        self._tell(connection, Reply(self._now_ms(), request_id, body))

    def tell(self, connection: Connection, kind: int, body: bytes) -> None:
        """Send a notice, if the connection is still there."""
        self._tell(connection, Tell(self._now_ms(), kind, body))

    def grant(self, connection: Connection, rate: Rate) -> None:
        """Let the other end send at another rate."""
        self._tell(connection, Granted(self._now_ms(), rate))

    def room(self, connection: Connection) -> int:
        """Return how many requests may be asked on a connection now."""
        session = self._sessions.get(connection)
        return session.room if session else 0

    def cut(self, connection: Connection, why: str, *, is_fault: bool) -> list[Happened]:
        """End a connection; for a fault, its key may not come back for a while."""
        return (
            [*self._end(connection, why, is_fault=is_fault)] if connection in self._sessions else []
        )

    def poll(self, timeout_ms: int) -> list[Happened]:
        """Wait until something happens, or for a time; return what did."""
        happened, self._happened = self._happened, []
        for arrival in self._transport.poll(0 if happened else timeout_ms):
            happened += self._arrive(arrival)
        self._flush()
        now_ms = self._now_ms()
        if now_ms - self._ticked_ms >= TICK_MS:
            self._ticked_ms = now_ms
            tick = Ticked(now_ms, self._clock.now_ms())
            for connection in tuple(self._sessions):
                happened += self._take(connection, tick)
        return happened

    def _flush(self) -> None:
        """Send what could not be sent before."""
        for connection, waiting in tuple(self._waiting.items()):
            while waiting and self._transport.send(connection, waiting[0]):
                waiting.popleft()
            if not waiting:
                del self._waiting[connection]

    def _arrive(self, arrival: Arrival) -> Iterable[Happened]:
        connection = arrival.connection
        match arrival:
            case Connected():
                expected = self._expected.pop(connection, None)
                yield from self._open(connection, expected, Dialled(self._now_ms(), _nonce()))
            case Arrived(frames=frames):
                if connection not in self._sessions:  # from outside: it is first heard of so
                    yield from self._open(connection, None, Accepted(self._now_ms(), _nonce()))
                yield from self._take(
                    connection, Received(self._now_ms(), self._clock.now_ms(), frames)
                )
            case Ended(reason=reason):
                yield from self._end(connection, reason, is_fault=False)

    def _open(
        self, connection: Connection, expected: PeerId | None, event: Event
    ) -> Iterable[Happened]:
        self._sessions[connection] = Session(
            self._party, connection.curve_key, expected=expected, past_of=self._past_of
        )
        return self._take(connection, event)

    def _tell(self, connection: Connection, event: Event) -> None:
        """Have a session say something; what happens by that is told by the next poll."""
        if connection in self._sessions:
            self._happened += self._take(connection, event)

    def _take(self, connection: Connection, event: Event) -> list[Happened]:
        happened: list[Happened] = []
        session = self._sessions.get(connection)
        for action in session.take(event) if session else ():
            happened += self._do(connection, action, is_heard=isinstance(event, Received))
        return happened

    def _do(self, connection: Connection, action: Action, *, is_heard: bool) -> Iterable[Happened]:
        match action:
            case Send(frames):
                yield from self._send(connection, frames)
            case Met(peer=peer):
                yield Opened(connection, peer)
            case Deliver(role, kind, request_id, body):
                yield Came(connection, self._peer(connection), role, kind, request_id, body)
            case Lapsed(request_id, is_ours=True):
                yield Unanswered(connection, self._peer(connection), request_id)
            case Cut(reason):
                yield from self._end(connection, reason, is_fault=is_heard)

    def _send(self, connection: Connection, frames: tuple[bytes, ...]) -> Iterable[Happened]:
        waiting = self._waiting.get(connection)
        if waiting is None and self._transport.send(connection, frames):
            return
        waiting = self._waiting.setdefault(connection, deque())
        waiting.append(frames)
        if len(waiting) > MAX_WAITING:
            yield from self._end(connection, "it does not take what it is sent", is_fault=False)

    def _end(self, connection: Connection, why: str, *, is_fault: bool) -> Iterable[Happened]:
        session = self._sessions.pop(connection, None)
        self._waiting.pop(connection, None)
        self._expected.pop(connection, None)
        self._transport.cut(connection)
        if session is not None:
            session.take(Lost())
        if is_fault:
            self._transport.shut_out(connection.curve_key, SHUT_OUT_MS)
        yield Closed(connection, session.peer if session else None, why, is_fault)

    def _peer(self, connection: Connection) -> PeerId:
        peer = self._sessions[connection].peer
        if peer is None:
            raise ValueError("nothing is delivered before a hello")
        return peer

    def _past_of(self, peer: PeerId) -> Past:
        """Return what is remembered of a peer from earlier connections; of the latest peers."""
        past = self._pasts.setdefault(peer, Past())
        self._pasts.move_to_end(peer)
        if len(self._pasts) > MAX_PASTS:
            self._pasts.popitem(last=False)
        return past

    def _now_ms(self) -> int:
        return self._clock.monotonic_ms()


def _nonce() -> bytes:
    return secrets.token_bytes(NONCE)
