"""Post: the real sessions of a peer on the connections of a made-up network. A peers.mail.Mail."""

import hashlib
from collections.abc import Callable
from functools import cache
from random import Random

from peers.allowance import Rate
from peers.certificate import CERTIFICATE, Certificate
from peers.errors import RemoteFault
from peers.hello import Party
from peers.identity import PeerId
from peers.mail import Part
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
from peers.session_table import State
from peers.signed import seal
from tests.simulation.agenda import Agenda
from tests.simulation.hashed import Hashed
from tests.simulation.network import Frames, Network, Wire

WALL_MS = 1_800_000_000_000  # when the clocks of all worlds begin
DAY_MS = 24 * 3600 * 1000
PLENTY = Rate(10**6, 10**12)  # who may send how much is tried elsewhere


@cache
def party(signer: Hashed) -> Party:
    """Return a peer as it introduces itself, for a day."""
    certificate = Certificate(_curve_key(signer.peer), WALL_MS, WALL_MS + DAY_MS, 1)
    signed = seal(CERTIFICATE, certificate, signer).data
    return Party(signer, signed, _curve_key(signer.peer))


def _curve_key(peer: PeerId) -> bytes:
    return hashlib.blake2b(peer.key, digest_size=32).digest()


class Post:
    """The conversations of one life of a peer."""

    def __init__(self, signer: Hashed, network: Network, agenda: Agenda, random: Random) -> None:
        self.part: Part  # what is told of all that happens
        self.note: Callable[..., None] = lambda *_: None
        self._party = party(signer)
        self._network = network
        self._agenda = agenda
        self._random = random
        self._sessions: dict[Wire, Session] = {}
        self._dialled: dict[Wire, PeerId] = {}
        self._pasts: dict[PeerId, Past] = {}

    def wires(self, peer: PeerId) -> list[Wire]:
        """Return the connections on which a peer was met."""
        return [wire for wire, session in self._sessions.items() if session.peer == peer]

    # what parts ask for

    def dial(self, peer: PeerId) -> None:
        """Begin to connect to a peer."""
        self._dialled[self._network.dial(self._party_peer(), peer)] = peer

    def ask(self, wire: Wire, kind: int, body: bytes, deadline_ms: int) -> bytes:
        """Send a request; return its id."""
        key = self._random.randbytes(16)
        self._take(wire, Ask(self._agenda.now_ms, key, kind, body, deadline_ms))
        return key

    def reply(self, wire: Wire, key: bytes, body: bytes) -> None:
        """Answer a request."""
        self._take(wire, Reply(self._agenda.now_ms, key, body))

    def tell(self, wire: Wire, kind: int, body: bytes) -> None:
        """Send a notice."""
        self._take(wire, Tell(self._agenda.now_ms, kind, body))

    def room(self, wire: Wire) -> int:
        """Return how many requests may be asked on a connection now."""
        return self._sessions[wire].room if wire in self._sessions else 0

    def grant(self, wire: Wire, rate: Rate) -> None:
        """Let the other end send at another rate: here it may send plenty."""

    def end(self, wire: Wire, why: str, *, is_fault: bool = False) -> None:
        """End a connection."""
        self._network.close(wire)
        self._forget(wire, why)

    # what the network tells

    def connected(self, wire: Wire) -> None:
        """A connection stands."""
        expected = self._dialled.pop(wire, None)
        if wire.is_dialled and expected is None:
            self._network.close(wire)  # an earlier life dialled
            return
        curve_key = _curve_key(wire.there)
        self._sessions[wire] = Session(
            self._party, curve_key, expected=expected, past_of=self._past_of
        )
        event = Dialled if wire.is_dialled else Accepted
        self._take(wire, event(self._agenda.now_ms, self._random.randbytes(16)))
        self._take(wire, Granted(self._agenda.now_ms, PLENTY))

    def arrived(self, wire: Wire, frames: Frames) -> None:
        """Something came on a connection."""
        self._take(wire, Received(self._agenda.now_ms, WALL_MS + self._agenda.now_ms, frames))

    def ended(self, wire: Wire) -> None:
        """A connection is gone, or never came to be."""
        if peer := self._dialled.pop(wire, None):
            self.part.undialled(peer)
        self._forget(wire, "it is gone")

    def tick(self) -> None:
        """Tell all sessions the time."""
        now_ms = self._agenda.now_ms
        ticked = Ticked(now_ms, WALL_MS + now_ms)
        for wire in tuple(self._sessions):
            self._take(wire, ticked)

    # what follows

    def _party_peer(self) -> PeerId:
        return self._party.signer.peer

    def _past_of(self, peer: PeerId) -> Past:
        return self._pasts.setdefault(peer, Past())

    def _take(self, wire: Wire, event: Event) -> None:
        if session := self._sessions.get(wire):
            for action in session.take(event):
                self._do(wire, action)

    def _do(self, wire: Wire, action: Action) -> None:
        match action:
            case Send(frames):
                self._network.send(wire, frames)
            case Met(peer=peer):
                self.part.opened(wire, peer)
            case Deliver(role, kind, key, body):
                try:
                    self.part.came(wire, wire.there, role, kind, key, body)
                except RemoteFault as fault:
                    self.end(wire, fault.what)
            case Lapsed(key, is_ours=True):
                self.part.unanswered(wire, wire.there, key)
            case Cut(reason):
                self.end(wire, reason)

    def _forget(self, wire: Wire, why: str) -> None:
        session = self._sessions.pop(wire, None)
        if session is None:
            return
        was_met = session.peer is not None
        self.note("closed", wire.there, why)
        if session.state is not State.CLOSED:
            session.take(Lost())
        if was_met:
            self.part.closed(wire, wire.there)
