"""A made-up IPFS node, and what is around whoever uses it, for tests."""

import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from peers.certificate import CERTIFICATE, Certificate
from peers.connection import Channel, Connection
from peers.identity import Address, PeerId
from peers.introduction import INTRODUCTION, Introduction
from peers.kubo_streams import Mounted
from peers.presence import PRESENCE, Presence
from peers.rendezvous import block_of
from peers.signed import seal
from peers.streams import mount, presence_mount
from tests.peers.keys import identity

HOST = "127.64.9.9"
NODE, OTHER = (f"12D3KooW{letter * 44}" for letter in "ab")
ME, THEIR = identity(1), identity(2)
THERE = Address(THEIR.peer, f"{OTHER}.ipfs", 4177)
CERTIFIED = Certificate(bytes(32), 1, 2, 1)
NETWORK = block_of("tests")


class AtOnce(Executor):
    """Does what it is given at once."""

    def submit(self, job: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Do it."""
        done: Future[Any] = Future()
        done.set_result(job(*args, **kwargs))
        return done


class Beside:
    """An IPFS node that says what it is told to, and forwards to what says something."""

    def __init__(self) -> None:
        self.mounted: Mounted | Exception = Mounted(NODE, ())
        self.says: dict[str, bytes] = {}  # by protocol
        self.forwards: dict[int, str] = {}
        self.found: frozenset[str] | Exception = frozenset()
        self.provided = 0

    def mount(self, wanted: Mapping[str, str]) -> Mounted:
        """Carry."""
        return given(self.mounted)

    def forward(self, protocol: str, node: str) -> int:
        """Forward to what is said by a protocol; to nobody when it is not known."""
        if len(self.forwards) > 8:
            raise AssertionError("forwards are left")
        listening = socket.create_server((HOST, 0))
        port = int(listening.getsockname()[1])
        self.forwards[port] = protocol
        threading.Thread(target=self._serve, args=(listening, protocol), daemon=True).start()
        return port

    def _serve(self, listening: socket.socket, protocol: str) -> None:
        with listening, listening.accept()[0] as stream:
            stream.sendall(self.says.get(protocol, b""))

    def unforward(self, protocol: str, port: int) -> None:
        """Forward no more."""
        assert self.forwards.pop(port) == protocol

    def provide(self, block: object) -> None:
        """Count it."""
        self.provided += 1

    def providers(self, cid: object) -> frozenset[str]:
        """Return what was found."""
        return given(self.found)


def given(answer: Any) -> Any:
    """Return an answer, or raise what is one."""
    if isinstance(answer, Exception):
        raise answer
    return answer


class Lines:
    """Who is connected."""

    def __init__(self) -> None:
        self.up: set[PeerId] = set()

    def control(self, peer: PeerId) -> object:
        """Return a line."""
        return "line" if peer in self.up else None


def line(host: str = HOST) -> Connection:
    """Return a line for control."""
    return Connection(1, bytes(32), Channel.CONTROL, host, is_dialled=True)


@pytest.fixture
def beside() -> Beside:
    """Return an IPFS node at which a peer is."""
    made = Beside()
    said = Introduction(seal(CERTIFICATE, CERTIFIED, THEIR).data, 4178, 4179)
    made.says[mount(4177)] = seal(INTRODUCTION, said, THEIR).data
    here = seal(PRESENCE, Presence((THERE.place, "10.0.0.7:4177")), THEIR).data
    made.says[presence_mount(NETWORK.cid)] = here
    return made


@pytest.fixture
def lines() -> Lines:
    """Return that nobody is connected."""
    return Lines()
