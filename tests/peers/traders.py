"""Traders: peers with a depot and a real store, on real connections, as a node has them."""

import time
from collections.abc import Callable, Iterable
from queue import SimpleQueue

from engine.clock import SystemClock
from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import TallyError
from engine.store.disk import DiskStore
from peers.carrier import Carrier
from peers.certificate import CERTIFICATE, SKEW_MS, Certificate
from peers.connection import Arrival, Channel, Connection, Place
from peers.depot import Depot
from peers.errors import RemoteFault
from peers.fetching import Fetching
from peers.hello import Party
from peers.identity import PeerId
from peers.lines import Lines
from peers.mail import Part
from peers.messages import Subject
from peers.post import Came, Closed, Happened, Opened, Post, Unanswered
from peers.signed import seal
from peers.wake import Wake
from tests.peers.keys import identity
from tests.peers.wires import PATIENCE_S, Wire

TICK_MS = 50


class Ahead(SystemClock):
    """A clock that can be put ahead."""

    by_ms = 0

    def monotonic_ms(self) -> int:
        """Return milliseconds that never go back."""
        return super().monotonic_ms() + self.by_ms


class Dealer:
    """What of a node moves content. What happens, it tells its parts at once."""

    def __init__(
        self, number: int, carrier: Carrier, curve_key: bytes, store: DiskStore, wake: Wake
    ) -> None:
        """Use the keys of peer `number`."""
        self.identity = identity(number)
        now_ms = SystemClock().now_ms()
        certificate = Certificate(curve_key, now_ms - SKEW_MS, now_ms + 10**6, 1)
        signed = seal(CERTIFICATE, certificate, self.identity).data
        self.post = Post(carrier, Party(self.identity, signed, curve_key), SystemClock())
        self.lines = Lines(self.post)
        self.store = store
        self.clock = Ahead()
        self.depot = Depot(self.post, self.lines, store, self.clock, wake)
        self.closed: list[Closed] = []
        self.ends: list[TallyError | None] = []  # of fetches
        self.work: Part | None = None  # what its node has besides
        self._ticked_ms = 0

    @property
    def peer(self) -> PeerId:
        """Who it is."""
        return self.identity.peer

    def put(self, blocks: dict[Cid, bytes]) -> None:
        """Have some blocks."""
        self.store.put(Block(cid, data) for cid, data in blocks.items())

    def fetch(
        self, scope: Cid, root: Cid, *sources: "Dealer", skip: Iterable[Cid] = ()
    ) -> Fetching:
        """Fetch from others, and note how it ends."""
        peers = [source.peer for source in sources]
        return self.depot.fetch(scope, (root,), peers, self.ends.append, skip=skip)

    def take(self, arrival: Arrival) -> None:
        """Take what arrived."""
        self._hear(self.post.arrive(arrival))

    def tick(self) -> None:
        """Let time pass."""
        now_ms = self.clock.monotonic_ms()
        if now_ms - self._ticked_ms >= TICK_MS:
            self._ticked_ms = now_ms
            for part in self._parts():
                part.tick(now_ms)
        self._hear(self.post.tick())

    def _hear(self, happened: list[Happened]) -> None:
        for one in happened:
            match one:
                case Opened():
                    for part in self._parts():
                        part.opened(*one)
                case Came():
                    self._come(one)
                case Unanswered():
                    for part in self._parts():
                        part.unanswered(*one)
                case Closed(connection, peer):
                    self._close(connection, peer)
                    self.closed.append(one)

    def _close(self, connection: Connection, peer: PeerId | None) -> None:
        for part in self._parts() if peer is not None else ():
            part.closed(connection, peer)

    def _come(self, one: Came) -> None:
        try:
            self._part(one.type).came(*one)
        except RemoteFault as fault:
            self.post.end(one.connection, fault.what, is_fault=True)

    def _parts(self) -> list[Part]:
        return [self.lines, self.depot, *([self.work] if self.work else [])]

    def _part(self, kind: int) -> Part:
        if kind // 4 < Subject.CONTENT:
            return self.lines
        return self.work if self.work and kind // 4 >= Subject.WORK else self.depot


class Trader(Dealer):
    """One that has its sockets itself, and listens."""

    def __init__(self, number: int, store: DiskStore) -> None:
        """Use the keys of peer `number`, and a store."""
        self.wire = Wire(number)
        self.woken: SimpleQueue[Callable[[], None]] = SimpleQueue()
        super().__init__(number, self.wire.transport, self.wire.key, store, self.woken.put)
        self.control = self.wire.listen(Channel.CONTROL)
        self.bulk = self.wire.listen(Channel.BULK)
        self._is_there = True

    def meet(self, other: "Trader", place: Place | None = None) -> Connection:
        """Dial another trader."""
        self.lines.bulk_at(other.peer, other.bulk)
        return self.post.dial(place or other.control, Channel.CONTROL, expected=other.peer)

    def turn(self) -> None:
        """Let arrive what is there, and time pass."""
        for arrival in self.wire.transport.poll(1):
            self.take(arrival)
        while not self.woken.empty():
            self.woken.get()()
        self.tick()

    def vanish(self) -> None:
        """End as a process that is killed: its connections go, and nothing is said."""
        self._is_there = False
        self.wire.transport.close()

    def close(self) -> None:
        """End."""
        self.depot.close()
        if self._is_there:
            self.wire.transport.close()
        self.store.close()


def until(is_so: Callable[[], object], *traders: Trader) -> None:
    """Let time pass until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, [(one.closed, one.ends) for one in traders]
        for one in traders:
            one.turn()
