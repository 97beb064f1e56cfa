"""Direct: messages between peers with no sessions around them, so that there can be many peers."""

from collections import Counter
from functools import partial
from random import Random
from typing import Any

from peers.envelope import REQUEST_ID, Role
from peers.identity import PeerId
from tests.simulation.agenda import Agenda
from tests.simulation.network import Wire

SLOWEST_MS = 50  # that a message takes
ROOM = 32  # requests in flight, as in a session


class Exchange:
    """All peers by name, and how much they said."""

    def __init__(self, agenda: Agenda, random: Random) -> None:
        self.posts: dict[PeerId, Direct] = {}
        self.messages: Counter[int] = Counter()  # by type
        self.size = 0  # bytes of bodies
        self.agenda = agenda
        self.random = random


class Direct:
    """The lines of one peer: one to each that it was connected to. In place of a Post."""

    def __init__(self, me: PeerId, exchange: Exchange) -> None:
        self.part: Any = None  # who hears of messages
        self.kinds: dict[tuple[bytes, Wire], int] = {}  # of requests that are open
        self._me = me
        self._exchange = exchange
        self._wires: dict[PeerId, Wire] = {}
        self._open: Counter[Wire] = Counter()
        self._requests = 0
        exchange.posts[me] = self

    def connect(self, peer: PeerId) -> None:
        """Have a line to a peer."""
        if peer not in self._wires:
            wire = Wire(self._me, peer, is_dialled=True).pair()
            self._take(wire)
            self._exchange.posts[peer]._take(wire.other)

    def wires(self, peer: PeerId) -> list[Wire]:
        """Return the line to a peer, if there is one."""
        return [self._wires[peer]] if peer in self._wires else []

    def ask(self, wire: Wire, kind: int, body: bytes, deadline_ms: int) -> bytes:
        """Send a request."""
        self._requests += 1
        self._open[wire] += 1
        key = self._requests.to_bytes(REQUEST_ID, "big")
        self._send(wire, kind, key, body)
        return key

    def reply(self, wire: Wire, key: bytes, body: bytes) -> None:
        """Answer one."""
        kind = self._exchange.posts[wire.there].kinds[key, wire.other] + 1
        self._send(wire, kind, key, body)

    def tell(self, wire: Wire, kind: int, body: bytes) -> None:
        """Send a notice."""
        self._send(wire, kind, bytes(REQUEST_ID), body)

    def room(self, wire: Wire) -> int:
        """Return how many requests may be asked on a line now."""
        return ROOM - self._open[wire]

    def _take(self, wire: Wire) -> None:
        self._wires[wire.there] = wire
        self.part.opened(wire, wire.there)

    def _send(self, wire: Wire, kind: int, key: bytes, body: bytes) -> None:
        exchange = self._exchange
        exchange.messages[kind] += 1
        exchange.size += len(body)
        if Role(kind & 3) is Role.REQUEST:
            self.kinds[key, wire] = kind
        due_ms = exchange.agenda.now_ms + exchange.random.randint(1, SLOWEST_MS)
        due_ms = wire.last_ms = max(due_ms, wire.last_ms)  # one after the other
        other = exchange.posts[wire.there]
        arrives = partial(other._arrive, wire.other, kind, key, body)
        exchange.agenda.after(due_ms - exchange.agenda.now_ms, arrives)

    def _arrive(self, wire: Wire, kind: int, key: bytes, body: bytes) -> None:
        role = Role(kind & 3)
        if role is Role.ANSWER:
            self._open[wire] -= 1
            del self.kinds[key, wire]
        self.part.came(wire, wire.there, role, kind, key, body)
