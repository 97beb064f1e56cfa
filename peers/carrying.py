"""Carrying: coming to a peer by the streams of two IPFS nodes, ours and the one that it is at.

>>> carrying.carry(Address.parse("tally://PEER@NODE.ipfs:4177"), done)   # doctest: +SKIP
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Final, NamedTuple

from engine.errors import TallyError, Unavailable
from peers.certificate import Certificate
from peers.connection import Channel, Connection, Place
from peers.identity import Address, PeerId
from peers.introduction import Introduction, ask
from peers.kubo_streams import KuboStreams
from peers.lines import Lines
from peers.mistake import contained
from peers.route import Route
from peers.streams import mount
from peers.wake import Wake

MAX_CARRIED: Final = 64  # peers at one time
ASK_MS: Final = 30_000  # for nodes that may have to find each other in the world first
MEET_MS: Final = 15_000  # for a peer to be met, once there is a way

Done = Callable[[Route | TallyError], None]

_FIX: Final = "it is tried again"


class _Way(NamedTuple):
    """Forwards to one peer: by protocol, the port of each."""

    forwards: tuple[tuple[str, int], ...]
    until_ms: int  # without a line


class Carrying:
    """The ways that go so. For the node's thread; a Part."""

    def __init__(
        self, node: KuboStreams, host: str, lines: Lines, workers: Executor, wake: Wake
    ) -> None:
        """Take the address of loopback that our forwards have, and threads that may wait."""
        self._node = node
        self._host = host
        self._lines = lines
        self._workers = workers
        self._wake = wake
        self._now_ms = 0
        self._coming: set[PeerId] = set()
        self._ways: dict[PeerId, _Way] = {}

    def carry(self, address: Address, done: Done) -> None:
        """Make a way to a peer; tell where to dial it, or why it cannot be."""
        peer = address.peer
        if peer in self._coming or len(self._coming) + len(self._ways) >= MAX_CARRIED:
            what = "it is being reached" if peer in self._coming else "too many are reached so"
            done(Unavailable(what, fix=_FIX))
            return
        self._coming.add(peer)
        self._workers.submit(self._open, address, done)

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Keep no way to who is gone."""
        if connection.channel is Channel.CONTROL and self._lines.control(peer) is None:
            self._drop(peer)

    def tick(self, now_ms: int) -> None:
        """Keep no way on which nobody was met."""
        self._now_ms = now_ms
        for peer, way in tuple(self._ways.items()):
            if now_ms >= way.until_ms and self._lines.control(peer) is None:
                self._drop(peer)

    def _open(self, address: Address, done: Done) -> None:
        """Make the forwards; in a worker's thread."""
        made: list[tuple[str, int]] = []
        try:
            said, certificate = self._ask(address)
            for port in (said.control_port, said.bulk_port):
                made.append((mount(port), self._node.forward(mount(port), address.node)))
        except Exception as error:
            self._close(made)
            self._wake(partial(self._failed, address.peer, contained(error), done))
        else:
            self._wake(partial(self._opened, address.peer, tuple(made), certificate, done))

    def _ask(self, address: Address) -> tuple[Introduction, Certificate]:
        protocol = mount(address.port)
        port = self._node.forward(protocol, address.node)
        try:
            return ask(Address(address.peer, self._host, port), ASK_MS)
        finally:
            self._close([(protocol, port)])

    def _opened(
        self,
        peer: PeerId,
        made: tuple[tuple[str, int], ...],
        certificate: Certificate,
        done: Done,
    ) -> None:
        self._coming.discard(peer)
        if self._lines.control(peer) is not None:
            self._workers.submit(self._close, made)
            done(Unavailable("it is connected already", fix=_FIX))
            return
        self._drop(peer)
        self._ways[peer] = _Way(made, self._now_ms + MEET_MS)
        key = certificate.curve_key
        done(Route(*(Place(self._host, port, key) for _, port in made)))

    def _failed(self, peer: PeerId, error: TallyError, done: Done) -> None:
        self._coming.discard(peer)
        done(error)

    def _drop(self, peer: PeerId) -> None:
        if way := self._ways.pop(peer, None):
            self._workers.submit(self._close, way.forwards)

    def _close(self, forwards: Sequence[tuple[str, int]]) -> None:
        for protocol, port in forwards:
            try:
                self._node.unforward(protocol, port)
            except TallyError:
                return  # the node is away, and its forwards with it
