"""Traders: peers with a depot and a real store, on real connections, in one thread as in a node."""

import time
from collections.abc import Callable
from queue import SimpleQueue

from engine.clock import SystemClock
from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import TallyError
from engine.store.disk import DiskStore
from peers.certificate import CERTIFICATE, SKEW_MS, Certificate
from peers.connection import Channel, Connection, Place
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
from tests.peers.keys import identity
from tests.peers.wires import PATIENCE_S, Wire


class Ahead(SystemClock):
    """A clock that can be put ahead."""

    by_ms = 0

    def monotonic_ms(self) -> int:
        """Return milliseconds that never go back."""
        return super().monotonic_ms() + self.by_ms


class Trader:
    """One peer. What it is told, it tells its parts at once."""

    def __init__(self, number: int, store: DiskStore) -> None:
        """Use the keys of peer `number`, and a store."""
        self.wire = Wire(number)
        self.identity = identity(number)
        now_ms = SystemClock().now_ms()
        certificate = Certificate(self.wire.key, now_ms - SKEW_MS, now_ms + 10**6, 1)
        signed = seal(CERTIFICATE, certificate, self.identity).data
        party = Party(self.identity, signed, self.wire.key)
        self.post = Post(self.wire.transport, party, SystemClock())
        self.lines = Lines(self.post)
        self.store = store
        self.clock = Ahead()
        self.woken: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.depot = Depot(self.post, self.lines, store, self.clock, self.woken.put)
        self.control = self.wire.listen(Channel.CONTROL)
        self.bulk = self.wire.listen(Channel.BULK)
        self.closed: list[Closed] = []
        self.ends: list[TallyError | None] = []  # of fetches
        self.work: Part | None = None  # what its node has besides
        self._ticked_ms = 0
        self._is_there = True

    @property
    def peer(self) -> PeerId:
        """Who it is."""
        return self.identity.peer

    def put(self, blocks: dict[Cid, bytes]) -> None:
        """Have some blocks."""
        self.store.put(Block(cid, data) for cid, data in blocks.items())

    def meet(self, other: "Trader", place: Place | None = None) -> Connection:
        """Dial another trader."""
        self.lines.bulk_at(other.peer, other.bulk)
        return self.post.dial(place or other.control, Channel.CONTROL, expected=other.peer)

    def turn(self) -> None:
        """Let arrive what is there, and time pass."""
        for arrival in self.wire.transport.poll(1):
            self._hear(self.post.arrive(arrival))
        while not self.woken.empty():
            self.woken.get()()
        now_ms = self.clock.monotonic_ms()
        if now_ms - self._ticked_ms >= 50:
            self._ticked_ms = now_ms
            self.lines.tick(now_ms)
            for part in self._parts():
                part.tick(now_ms)
        self._hear(self.post.tick())

    def _hear(self, happened: list[Happened]) -> None:
        for one in happened:
            match one:
                case Opened():
                    self.lines.opened(*one)
                    for part in self._parts():
                        part.opened(*one)
                case Came():
                    self._come(one)
                case Unanswered():
                    for part in self._parts():
                        part.unanswered(*one)
                case Closed(connection, peer):
                    self.closed.append(one)
                    if peer is not None:
                        self.lines.closed(connection, peer)
                        for part in self._parts():
                            part.closed(connection, peer)

    def _come(self, one: Came) -> None:
        try:
            self._part(one.type).came(*one)
        except RemoteFault as fault:
            self.post.end(one.connection, fault.what, is_fault=True)

    def _parts(self) -> list[Part]:
        return [self.depot, *([self.work] if self.work else [])]

    def _part(self, kind: int) -> Part:
        if kind // 4 < Subject.CONTENT:
            return self.lines
        return self.work if self.work and kind // 4 >= Subject.WORK else self.depot

    def fetch(self, scope: Cid, root: Cid, *sources: "Trader", **options: object) -> Fetching:
        """Fetch from others, and note how it ends."""
        peers = [source.peer for source in sources]
        return self.depot.fetch(scope, (root,), peers, self.ends.append, **options)

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
