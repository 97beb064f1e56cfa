"""A peer that answers what it is asked: transport and sessions put together."""

from peers.connection import Arrival, Arrived, Channel, Connected, Connection, Ended, Place
from peers.envelope import Role
from peers.hello import Party
from peers.messages import request
from peers.session import Session
from peers.session_events import (
    Accepted,
    Action,
    Ask,
    Cut,
    Deliver,
    Dialled,
    Lost,
    Met,
    Received,
    Reply,
    Send,
    Ticked,
)
from tests.peers.keys import identity
from tests.peers.parties import WALL_MS, certificate
from tests.peers.wires import Wire, clock

QUESTION = request(64)


class Talker:
    """A peer on loopback."""

    def __init__(self, number: int) -> None:
        """Use the keys of peer `number`."""
        self.wire = Wire(number)
        key = self.wire.key
        self.party = Party(identity(number), certificate(number, key), key)
        self.sessions: dict[Connection, Session] = {}
        self.met: list[Connection] = []
        self.answers: list[bytes] = []
        self.cuts: list[str] = []
        self.asked = 0

    def dial(self, place: Place) -> Connection:
        """Begin to connect."""
        return self.wire.transport.dial(place, Channel.CONTROL)

    def ask(self, connection: Connection, body: bytes, request_id: bytes = b"") -> None:
        """Ask another peer."""
        self.asked += 1
        made = request_id or self.asked.to_bytes(16, "big")
        self._do(connection, Ask(clock(), made, QUESTION, body, 0))

    def turn(self, timeout_ms: int = 2) -> None:
        """Deal with what is there."""
        for arrival in self.wire.transport.poll(timeout_ms):
            self._take(arrival)

    def tick(self) -> None:
        """Let time pass for every session."""
        for connection in list(self.sessions):
            self._do(connection, Ticked(clock(), WALL_MS))

    def close(self) -> None:
        """End it all."""
        self.wire.transport.close()

    def _take(self, arrival: Arrival) -> None:
        connection = arrival.connection
        match arrival:
            case Connected():
                self._open(connection, Dialled(clock(), connection.number.to_bytes(16, "big")))
            case Arrived():
                if connection not in self.sessions:
                    self._open(connection, Accepted(clock(), bytes(16)))
                self._do(connection, Received(clock(), WALL_MS, arrival.frames))
            case Ended():
                self.cuts.append(arrival.reason)
                if connection in self.sessions:
                    self._do(connection, Lost())
                    del self.sessions[connection]

    def _open(self, connection: Connection, event: Dialled | Accepted) -> None:
        self.sessions[connection] = Session(self.party, connection.curve_key)
        self._do(connection, event)

    def _do(self, connection: Connection, event: object) -> None:
        for action in self.sessions[connection].take(event):
            self._act(connection, action)

    def _act(self, connection: Connection, action: Action) -> None:
        match action:
            case Send():
                self.wire.transport.send(connection, action.frames)
            case Met():
                self.met.append(connection)
            case Deliver(role=Role.REQUEST):
                body = b"answer to " + action.body
                self._do(connection, Reply(clock(), action.request_id, body))
            case Deliver(role=Role.ANSWER):
                self.answers.append(action.body)
            case Cut():
                self.cuts.append(action.reason)
                self.wire.transport.cut(connection)
                del self.sessions[connection]
