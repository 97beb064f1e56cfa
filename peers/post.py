"""Post: the sessions of this peer on its connections. The edge between the two.

It is given what arrives and the time, has its sessions deal with that, and returns to its owner
what is left: who was met, what came from whom, who is gone and why. For one thread.

>>> post = Post(carrier, party, SystemClock())                           # doctest: +SKIP
>>> line = post.dial(place, Channel.CONTROL, expected=peer)              # doctest: +SKIP
>>> for happened in post.arrive(arrival): ...                            # doctest: +SKIP
"""

import secrets
from collections import OrderedDict
from typing import Final, NamedTuple, TypeAlias

from engine.clock import Clock
from peers.allowance import Rate
from peers.carrier import Carrier
from peers.connection import Arrival, Arrived, Channel, Connected, Connection, Ended, Left, Place
from peers.envelope import REQUEST_ID, Role
from peers.hello import NONCE, Party
from peers.identity import PeerId
from peers.outbox import Outbox, Sent
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

MAX_PASTS: Final = 1_024  # peers of which something is remembered: 256 KiB of answers at most
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
    """The conversations of this peer: its Mail."""

    def __init__(self, carrier: Carrier, party: Party, clock: Clock) -> None:
        """Speak as `party` over a carrier, which stays its owner's to close."""
        self._carrier = carrier
        self._party = party
        self._clock = clock
        self._sessions: dict[Connection, Session] = {}
        self._expected: dict[Connection, PeerId] = {}  # dialled, and not connected yet
        self._outboxes: dict[Connection, Outbox] = {}
        self._newest = 0  # number of a connection from outside; one before it may have been ended
        self._happened: list[Happened] = []  # and not told yet
        self._pasts: OrderedDict[PeerId, Past] = OrderedDict()
        self._ticked_ms = clock.monotonic_ms()

    def dial(self, place: Place, channel: Channel, *, expected: PeerId) -> Connection:
        """Begin to connect to a peer; Opened or Closed will happen.

        Raises: LocalFault when the place is none.
        """
        connection = self._carrier.dial(place, channel)
        self._expected[connection] = expected
        return connection

    def ask(self, connection: Connection, kind: int, body: bytes, deadline_ms: int) -> bytes:
        """Send a request; return its id, which its answer will have."""
        request_id = secrets.token_bytes(REQUEST_ID)
        self._take(connection, Ask(self._now_ms(), request_id, kind, body, deadline_ms))
        return request_id

    def reply(self, connection: Connection, request_id: bytes, body: bytes) -> None:
        """Answer a request that came on a connection, if that is still there."""
        self._take(connection, Reply(self._now_ms(), request_id, body))

    def tell(self, connection: Connection, kind: int, body: bytes, sent: Sent = None) -> None:
        """Send a notice, if the connection is still there; call `sent` when it has left."""
        self._take(connection, Tell(self._now_ms(), kind, body), sent)

    def grant(self, connection: Connection, rate: Rate) -> None:
        """Let the other end send at another rate."""
        self._take(connection, Granted(self._now_ms(), rate))

    def room(self, connection: Connection) -> int:
        """Return how many requests may be asked on a connection now."""
        session = self._sessions.get(connection)
        return session.room if session else 0

    def version(self, connection: Connection) -> int:
        """Return which version of the protocol was agreed on a connection; 0 when it is gone."""
        session = self._sessions.get(connection)
        return session.version if session else 0

    def end(self, connection: Connection, why: str, *, is_fault: bool) -> None:
        """End a connection; Closed will happen. For a fault, its key stays out for a while."""
        if connection in self._sessions or connection in self._expected:
            self._end(connection, why, is_fault=is_fault)

    def arrive(self, arrival: Arrival) -> list[Happened]:
        """Take what arrived; return what happened by that, and since this was last called."""
        connection = arrival.connection
        match arrival:
            case Connected() if connection in self._expected:
                expected = self._expected.pop(connection)
                self._open(connection, expected, Dialled(self._now_ms(), _nonce()))
            case Arrived(frames=frames):
                if not connection.is_dialled and connection.number > self._newest:
                    self._newest = connection.number  # its first message: it is heard of by that
                    self._open(connection, None, Accepted(self._now_ms(), _nonce()))
                self._take(connection, Received(self._now_ms(), self._clock.now_ms(), frames))
            case Left(count=count):
                if outbox := self._outboxes.get(connection):
                    outbox.left(count)
            case Ended(reason=reason):
                self.end(connection, reason, is_fault=False)
        return self._told()

    def tick(self) -> list[Happened]:
        """Take the time, every 50 ms or so; return what happened by that."""
        for outbox in tuple(self._outboxes.values()):
            outbox.flush()
        now_ms = self._now_ms()
        if now_ms - self._ticked_ms >= TICK_MS:
            self._ticked_ms = now_ms
            ticked = Ticked(now_ms, self._clock.now_ms())
            for connection in tuple(self._sessions):
                self._take(connection, ticked)
        return self._told()

    def _told(self) -> list[Happened]:
        happened, self._happened = self._happened, []
        return happened

    def _open(self, connection: Connection, expected: PeerId | None, event: Event) -> None:
        self._sessions[connection] = Session(
            self._party, connection.curve_key, expected=expected, past_of=self._past_of
        )
        self._outboxes[connection] = Outbox(self._carrier, connection)
        self._take(connection, event)

    def _take(self, connection: Connection, event: Event, sent: Sent = None) -> None:
        """Have a session deal with something, if it is still there."""
        session = self._sessions.get(connection)
        for action in session.take(event) if session else ():
            if connection in self._sessions:
                self._do(connection, action, sent, is_heard=isinstance(event, Received))

    def _do(self, connection: Connection, action: Action, sent: Sent, *, is_heard: bool) -> None:
        match action:
            case Send(frames):
                if not self._outboxes[connection].send(frames, sent):
                    self._end(connection, "it does not take what it is sent", is_fault=False)
            case Met(peer=peer):
                self._happened.append(Opened(connection, peer))
            case Deliver(role, kind, request_id, body):
                came = Came(connection, self._peer(connection), role, kind, request_id, body)
                self._happened.append(came)
            case Lapsed(request_id, is_ours=True):
                self._happened.append(Unanswered(connection, self._peer(connection), request_id))
            case Cut(reason):
                self._end(connection, reason, is_fault=is_heard)

    def _end(self, connection: Connection, why: str, *, is_fault: bool) -> None:
        session = self._sessions.pop(connection, None)
        self._outboxes.pop(connection, None)
        self._expected.pop(connection, None)
        self._carrier.cut(connection)
        if session is not None:
            session.take(Lost())
        if is_fault:
            self._carrier.shut_out(connection.curve_key, SHUT_OUT_MS)
        peer = session.peer if session else None
        self._happened.append(Closed(connection, peer, why, is_fault))

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
