"""Peers that know others, over real connections, in one thread."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from engine.clock import SystemClock
from engine.step import REQUIRES, SYSTEM, Platform
from peers.certificate import CERTIFICATE, SKEW_MS, Certificate
from peers.connection import Channel
from peers.dialler import Dialler
from peers.envelope import VERSION, VERSIONS
from peers.hello import Party
from peers.identity import Address
from peers.introduction import INTRODUCTION, Introducer, Introduction
from peers.lines import Lines
from peers.peer_record import PeerRecord
from peers.post import Post
from peers.registrar import Registrar
from peers.signed import seal
from peers.switch import Parts, Switch
from tests.peers.keys import identity
from tests.peers.traders import Ahead
from tests.peers.wires import PATIENCE_S, Wire


class Deaf:
    """A part that has nothing to do."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


class Clerk:
    """A peer that has a directory and nothing else."""

    def __init__(
        self, number: int, *, lends: bool = True, versions: tuple[int, ...] = VERSIONS
    ) -> None:
        self.wire = Wire(number)
        self.clock = Ahead()
        self.identity = identity(number)
        self.said: list[tuple[str, dict[str, object]]] = []
        self.relayed: tuple[str, ...] = ()  # where it says that it is reached, besides
        now_ms = SystemClock().now_ms()
        certificate = Certificate(self.wire.key, now_ms - SKEW_MS, now_ms + 10**8, 1)
        signed = seal(CERTIFICATE, certificate, self.identity).data
        self.ports = [self.wire.listen(channel).port for channel in Channel]
        said = seal(INTRODUCTION, Introduction(signed, *self.ports), self.identity)
        self.introducer = Introducer("127.0.0.1", 0, said.data)
        self.address = Address(self.identity.peer, "127.0.0.1", self.introducer.port)
        self.post = Post(
            self.wire.transport, Party(self.identity, signed, self.wire.key, versions), self.clock
        )
        self.woken: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.workers = ThreadPoolExecutor(2)
        self.lines = Lines(self.post)
        self.dialler = Dialler(self.post, self.lines, self.workers, self.woken.put, self._log)
        self.registrar = Registrar(
            self.post,
            self.lines,
            self.identity,
            self._describe if lends else None,
            self.clock,
            self.dialler,
            self._log,
        )
        parts = Parts(self.lines, self.registrar, *(Deaf() for _ in Parts._fields[2:]))
        self.switch = Switch(self.post, parts, self._log, self.dialler.failed)

    def _log(self, event: str, **facts: object) -> None:
        self.said.append((event, facts))

    def _describe(self, serial: int, made_ms: int, expires_ms: int) -> PeerRecord:
        place = (f"127.0.0.1:{self.address.port}", *self.relayed)
        kind = Platform(REQUIRES, SYSTEM)
        lends = (2, 2**30, (), "bwrap 0", (), 2, (VERSION,))
        return PeerRecord(serial, made_ms, expires_ms, place, kind, *lends)

    def turn(self) -> None:
        """Let arrive what is there, and time pass."""
        arrivals = self.wire.transport.poll(1)
        happened = [one for arrival in arrivals for one in self.post.arrive(arrival)]
        for one in (*happened, *self.post.tick()):
            self.switch.happened(one)
        while not self.woken.empty():
            self.woken.get()()
        self.switch.tick(self.clock.monotonic_ms())

    def close(self) -> None:
        """End."""
        self.workers.shutdown()
        self.introducer.close()
        self.wire.transport.close()


def until(is_so: Callable[[], object], clerks: list[Clerk], *, pass_ms: int = 0) -> None:
    """Let them turn until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, [one.said for one in clerks]
        for one in clerks:
            one.clock.by_ms += pass_ms
            one.turn()
