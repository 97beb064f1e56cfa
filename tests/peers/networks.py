"""Networks on loopback, each with its process, and what arrives at them."""

import asyncio
from collections.abc import Callable

from nacl.public import PrivateKey

from peers.connection import Arrival, Arrived, Channel, Connected, Connection, Ended, Left, Place
from peers.gate import Limits
from peers.network import Network
from tests.peers.wires import MANY, PATIENCE_S


class Net:
    """A network, and all that has arrived at it; for one running loop."""

    def __init__(self, number: int, limits: Limits = MANY) -> None:
        """Use a key that is the same in every run."""
        secret = bytes([number]) * 32
        self.key = bytes(PrivateKey(secret).public_key)
        self.arrivals: list[Arrival] = []
        self.log: list[tuple[str, dict[str, object]]] = []
        self.heed: Callable[[Arrival], None] = self.arrivals.append
        self.network = Network(secret, limits, arrived=self._arrived, log=self._log)
        self.places = {
            one: Place("127.0.0.1", self.network.listen("127.0.0.1", 0, one), self.key)
            for one in Channel
        }
        self.network.start(asyncio.get_running_loop())

    def _arrived(self, arrival: Arrival) -> None:
        self.heed(arrival)

    def _log(self, event: str, **facts: object) -> None:
        self.log.append((event, facts))

    def said(self, event: str) -> list[dict[str, object]]:
        """Return what was logged of one kind."""
        return [facts for name, facts in self.log if name == event]

    def came(self) -> list[tuple[bytes, ...]]:
        """Return the messages that came."""
        return [one.frames for one in self.arrivals if isinstance(one, Arrived)]

    def senders(self) -> list[Connection]:
        """Return the connections that messages came on, in order and once each."""
        return list(dict.fromkeys(a.connection for a in self.arrivals if isinstance(a, Arrived)))

    def left(self) -> int:
        """Return how many messages have left."""
        return sum(one.count for one in self.arrivals if isinstance(one, Left))

    def ended(self, connection: Connection | None = None) -> list[str]:
        """Return why connections ended."""
        ends = [one for one in self.arrivals if isinstance(one, Ended)]
        return [one.reason for one in ends if connection in {None, one.connection}]

    async def connect(self, other: "Net", channel: Channel = Channel.CONTROL) -> Connection:
        """Connect to another."""
        line = self.network.dial(other.places[channel], channel)
        await until(lambda: Connected(line) in self.arrivals)
        return line


async def until(is_so: Callable[[], object]) -> None:
    """Let the loop go on until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await asyncio.sleep(0.001)
