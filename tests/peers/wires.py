"""Transports on loopback, and what arrives at them."""

import time
from collections.abc import Callable

from nacl.public import PrivateKey

from peers.connection import Arrival, Arrived, Channel, Connected, Connection, Ended, Place
from peers.gate import Limits
from peers.transport import Transport

MANY = Limits(connections=512, per_host=512, handshakes_s=100_000)
PATIENCE_S = 20  # for what must happen, on a machine that does other things


def clock() -> int:
    """Return monotonic milliseconds."""
    return time.monotonic_ns() // 1_000_000


class Wire:
    """A transport, and all that has arrived at it."""

    def __init__(self, number: int, limits: Limits = MANY) -> None:
        """Use a key that is the same in every run."""
        self.secret = bytes([number]) * 32
        self.key = bytes(PrivateKey(self.secret).public_key)
        self.now_ms = 0
        self.transport = Transport(self.secret, lambda: clock() + self.now_ms, limits)
        self.arrivals: list[Arrival] = []

    def listen(self, channel: Channel = Channel.CONTROL) -> Place:
        """Listen on a free port of loopback."""
        return Place("127.0.0.1", self.transport.listen("127.0.0.1", 0, channel), self.key)

    def turn(self, timeout_ms: int = 5) -> None:
        """Let arrive what is there."""
        self.arrivals += self.transport.poll(timeout_ms)

    def arrived(self) -> list[tuple[bytes, ...]]:
        """Return the messages that came."""
        return [one.frames for one in self.arrivals if isinstance(one, Arrived)]

    def senders(self) -> list[Connection]:
        """Return the connections that messages came on, in order and once each."""
        return list(dict.fromkeys(a.connection for a in self.arrivals if isinstance(a, Arrived)))

    def ended(self) -> list[str]:
        """Return why connections ended."""
        return [one.reason for one in self.arrivals if isinstance(one, Ended)]

    def is_connected(self) -> bool:
        """Return whether a connection that was dialled is there."""
        return any(isinstance(one, Connected) for one in self.arrivals)


def until(is_so: Callable[[], object], *wires: Wire) -> None:
    """Let the wires turn until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, [one.arrivals[-3:] for one in wires]
        for one in wires:
            one.turn()


def connect(one: Wire, place: Place, other: Wire, channel: Channel = Channel.CONTROL) -> Connection:
    """Connect two wires."""
    one.arrivals.clear()
    connection = one.transport.dial(place, channel)
    until(one.is_connected, one, other)
    return connection
