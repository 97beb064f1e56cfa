"""Seeking: drives the rendezvous: has our IPFS node asked, and dialled whom it leads to.

>>> seeking.tick(now_ms)                                                 # doctest: +SKIP
>>> seeking.found()                                                      # doctest: +SKIP
{'12D3KooW...': PeerId(...)}
"""

import secrets
import socket
import time
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any, Final, NamedTuple

from engine.content.blocks import Block
from engine.errors import Unavailable
from peers import presence
from peers.connection import Channel, Connection
from peers.identity import Address, PeerId, is_node
from peers.kubo_streams import KuboStreams
from peers.lines import Lines
from peers.mistake import Mistake, contained
from peers.rendezvous import Rendezvous
from peers.rendezvous_events import (
    Ask,
    Away,
    Dial,
    Down,
    Event,
    Look,
    Looked,
    Provide,
    Provided,
    Ready,
    Silent,
    Tick,
    Told,
    Unanswered,
    Up,
)
from peers.streams import presence_mount
from peers.wake import Wake

TICK_MS: Final = 1_000
MAX_SAID: Final = 256  # failures that are remembered as written down
ELSEWHERE: Final = "our IPFS node listens elsewhere: in a container it needs the host's network"
ASK_S: Final = 30  # for nodes that may have to find each other in the world first


class Hands(NamedTuple):
    """What it is done with."""

    beside: KuboStreams
    host: str  # of our forwards
    workers: Executor  # for what takes a moment
    searchers: Executor  # for what may take minutes
    wake: Wake
    meet: Callable[[Address], None]
    log: Callable[..., None]


class Seeking:
    """The search for peers of one network. For the node's thread; a Part."""

    def __init__(self, me: PeerId, network: Block, lines: Lines, hands: Hands) -> None:
        self._rendezvous = Rendezvous(me)
        self._network = network
        self._lines = lines
        self._hands = hands
        self._next_ms = 0
        self._said_last: dict[tuple[str, str], str] = {}  # by event and node: why
        self._doers: dict[type, Callable[[Any], object]] = {
            Provide: lambda _: hands.searchers.submit(self._provide),
            Look: lambda _: hands.searchers.submit(self._look),
            Ask: lambda action: hands.workers.submit(self._ask, action.node),
            Dial: self._dial,
        }

    def found(self) -> dict[str, PeerId | None]:
        """Return the IPFS nodes that were found, and who is at each as far as that is known."""
        return self._rendezvous.found()

    def carried(self, node: str) -> None:
        """Hear that our IPFS node, by its id, carries to us; "" when it does not."""
        self._handle(Ready(node) if node else Away())

    def unanswered(self, peer: PeerId) -> None:
        """Hear that a peer that was dialled did not answer."""
        self._handle(Unanswered(peer))

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """Hear of a session."""
        if connection.channel is Channel.CONTROL:
            self._handle(Up(peer))

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Hear that a session has ended."""
        if connection.channel is Channel.CONTROL and self._lines.control(peer) is None:
            self._handle(Down(peer))

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        if now_ms >= self._next_ms:
            self._next_ms = now_ms + TICK_MS
            self._handle(Tick(now_ms, secrets.randbits(64)))

    def _handle(self, event: Event) -> None:
        for action in self._rendezvous.handle(event):
            self._doers[type(action)](action)

    def _dial(self, action: Dial) -> None:
        self._hands.log("dialled as found", peer=action.address.peer, address=str(action.address))
        self._hands.meet(action.address)

    # in other threads

    def _tell(self, event: Event) -> None:
        self._hands.wake(partial(self._handle, event))

    def _provide(self) -> None:
        try:
            self._hands.beside.provide(self._network)
        except Exception as error:
            self._say("not provided on IPFS", error)
            self._tell(Provided(done=False))
        else:
            self._tell(Provided(done=True))

    def _look(self) -> None:
        try:
            found = frozenset(filter(is_node, self._hands.beside.providers(self._network.cid)))
        except Exception as error:
            self._say("not looked for on IPFS", error)
            self._tell(Looked(None))
        else:
            self._tell(Looked(found))

    def _ask(self, node: str) -> None:
        try:
            self._tell(Told(node, presence.read(self._said(node), node)))
        except Exception as error:
            self._say("nobody at an IPFS node", error, node=node)
            self._tell(Silent(node))

    def _said(self, node: str) -> bytes:
        """Return what is said at a node; in a worker's thread."""
        protocol, beside = presence_mount(self._network.cid), self._hands.beside
        port = beside.forward(protocol, node)
        try:
            with socket.create_connection((self._hands.host, port), ASK_S) as asked:
                return _read(asked, time.monotonic() + ASK_S)
        except ConnectionRefusedError:
            raise Unavailable(ELSEWHERE) from None
        except OSError as error:
            raise Unavailable(f"it does not answer: {error.strerror or error}") from None
        finally:
            beside.unforward(protocol, port)

    def _say(self, event: str, error: Exception, node: str = "") -> None:
        said = contained(error)
        why = f"{said.what}: {said.where}" if isinstance(said, Mistake) else said.what
        self._hands.wake(partial(self._log, event, node, why))

    def _log(self, event: str, node: str, why: str) -> None:
        """Write down what failed, unless that was written last."""
        if self._said_last.get((event, node)) != why:
            self._said_last[event, node] = why
            self._hands.log(event, node=node or None, why=why)
        if len(self._said_last) > MAX_SAID:
            del self._said_last[next(iter(self._said_last))]


def _read(asked: socket.socket, until: float) -> bytes:
    said = b""
    while len(said) <= presence.LONGEST:
        asked.settimeout(max(0.001, until - time.monotonic()))  # for all of it, not each piece
        if not (more := asked.recv(presence.LONGEST)):
            break
        said += more
    if not said:
        raise Unavailable("nobody is there")
    return said
