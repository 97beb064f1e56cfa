"""Peer: all of one peer: what it has saved, and its lives, each of which ends with a crash."""

from collections.abc import Callable, Iterable
from random import Random

from peers import offer_messages, step_messages
from peers.envelope import Role
from peers.errors import RemoteFault
from peers.identity import PeerId
from peers.messages import Subject
from tests.simulation.agenda import Agenda
from tests.simulation.conduct import Conduct
from tests.simulation.depot import Depot
from tests.simulation.disk import Disk, Writer
from tests.simulation.hashed import Hashed
from tests.simulation.network import Frames, Network, Wire
from tests.simulation.post import Post
from tests.simulation.promises import Promises
from tests.simulation.provider import Provider
from tests.simulation.registrar import Registrar
from tests.simulation.requester import Requester
from tests.simulation.watch import Held, Watch

TICK_MS = 1_000
CORES = 4
CARRIES = 0.5  # the chance that a life sends what is small along, and has it fetched no more


class Life:
    """The parts of a peer from a start to a crash. A Part of the post."""

    def __init__(self, peer: "Peer") -> None:
        agenda, random, promises = peer.agenda, peer.random, peer.promises
        self.me = peer.name
        self.writer = Writer(peer.disk, agenda, random)
        self.post = Post(peer.signer, peer.network, agenda, random)
        self.post.part = self
        self.post.note = peer.note
        self.depot = Depot(self.post, self.writer, lambda: agenda.now_ms, peer.conduct.answer)
        self.registrar = Registrar(peer.signer, self.post, random, lambda: agenda.now_ms, CORES)
        self.provider = Provider(
            peer.conduct, self.post, self.writer, self.depot, agenda, random, promises, CORES
        )
        self.requester = Requester(
            peer.signer, self.post, self.writer, self.depot, self.registrar, agenda, random,
            promises,
        )  # fmt: skip
        self.provider.carries = random.random() < CARRIES
        self.requester.carries = random.random() < CARRIES
        self.depot.blame = self._blame
        self.provider.luckless = peer.luckless
        self._promises = promises
        self._watch = Watch(self, peer)

    def opened(self, wire: Wire, peer: PeerId) -> None:
        """Tell all parts of a peer that is met; of two connections with it, one stays."""
        held = [other for other in self.post.wires(peer) if other is not wire]
        for other in held:
            first, second = (wire, other) if self._is_preferred(wire) else (other, wire)
            self.post.end(second, "there is another")
            if first is other:
                return
        self._met(wire, peer)

    def _met(self, wire: Wire, peer: PeerId) -> None:
        self._watch.met(peer)
        self.registrar.opened(wire, peer)
        self.depot.opened(wire, peer)
        self.requester.opened(peer)
        self.provider.opened(peer)

    def closed(self, wire: Wire, peer: PeerId) -> None:
        """Tell all parts."""
        self.depot.closed(wire, peer)
        self.provider.closed(wire)
        self.requester.closed(wire)
        if not self.post.wires(peer):
            self.registrar.closed(peer)
            self.requester.gone(peer)

    def undialled(self, peer: PeerId) -> None:
        """Tell the directory that nobody answered."""
        self.registrar.undialled(peer)

    def came(
        self, wire: Wire, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Give a message to whom it is for."""
        subject = kind >> 2
        if subject >= Subject.WORK:
            self._work(wire, peer, role, kind, key, body)
        elif subject >= Subject.DIRECTORY:
            self.registrar.came(wire, peer, role, kind, key, body)
        elif subject >= Subject.CONTENT:
            self.depot.came(wire, peer, kind, body)
        else:
            raise RemoteFault(f"there is no type {kind}")

    def unanswered(self, wire: Wire, peer: PeerId, key: bytes) -> None:
        """Tell who may have asked."""
        self.requester.unanswered(key)
        self.provider.unanswered(peer, key)

    def tick(self) -> None:
        """Tell all parts the time."""
        self.post.tick()
        self.registrar.tick()
        self.depot.tick()
        self.provider.tick()
        self.requester.tick()
        self._watch.tick()

    def held(self) -> Iterable[Held]:
        """Return the open steps that providers have."""
        return self.requester.held()

    def _is_preferred(self, wire: Wire) -> bool:
        """Whether a connection was dialled by the lesser of two: both ends say the same."""
        return wire.is_dialled == (self.me < wire.there)

    def _work(
        self, wire: Wire, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        is_request = role is Role.REQUEST
        asked = kind if is_request else kind - 1
        to_provider = asked in {
            offer_messages.OFFER_TYPE,
            step_messages.LEASE_TYPE,
            step_messages.STOP_TYPE,
        }
        if is_request:
            part = self.provider if to_provider else self.requester
            part.asked(wire, peer, kind, key, body)
        elif to_provider:
            self.requester.answered(peer, kind, key, body)
        else:
            self.provider.answered(peer, key)

    def _blame(self, peer: PeerId, why: str) -> None:
        self._promises.blamed(self.me, peer, why)
        for wire in self.post.wires(peer):
            self.post.end(wire, why)


class Peer:
    """One peer of a world. A Host of its network."""

    def __init__(
        self, number: int, conduct: Conduct, network: Network, agenda: Agenda, random: Random,
        promises: Promises,
    ) -> None:  # fmt: skip
        self.signer: Hashed = conduct.signer
        self.name = self.signer.peer
        self.number = number
        self.conduct = conduct
        self.network = network
        self.agenda = agenda
        self.random = random
        self.promises = promises
        self.disk = Disk()
        self.named: list[PeerId] = []
        self.luckless = 0.0
        self.note = lambda *_: None
        self.life_of: Callable[[Peer], Life] = Life
        self.life: Life | None = None
        network.hosts[self.name] = self

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.life is not None

    def start(self) -> None:
        """Begin a life with what is saved."""
        if self.is_alive:
            return
        self.note(self.number, "starts")
        self.promises.look(self.name, self.disk)
        life = self.life = self.life_of(self)
        for peer in self.named:
            life.registrar.name(peer)
        life.requester.resume()
        self._tick(life)

    def submit(self, number: int, seed: int) -> None:
        """Have a run done; try again until that is acknowledged."""
        if (self.name, number) not in self.promises.runs:
            if self.life:
                self.life.requester.submit(number, seed)
            self.agenda.after(TICK_MS, lambda: self.submit(number, seed))

    def crash(self) -> None:
        """End it; what is not saved is lost."""
        if self.life is None:
            return
        self.note(self.number, "crashes")
        self.promises.crashed(self.name)
        self.life.writer.is_alive = False
        self.life = None
        self.network.crash(self.name)

    def connected(self, wire: Wire) -> None:
        """A connection stands."""
        if self.life:
            self.life.post.connected(wire)

    def arrived(self, wire: Wire, frames: Frames) -> None:
        """Something came."""
        if self.life:
            self.life.post.arrived(wire, frames)

    def ended(self, wire: Wire) -> None:
        """A connection is gone."""
        if self.life:
            self.life.post.ended(wire)

    def _tick(self, life: Life) -> None:
        if self.life is life:
            life.tick()
            self.agenda.after(TICK_MS, lambda: self._tick(life))
