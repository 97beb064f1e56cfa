"""Meter: what a node counts of itself while it runs, for Prometheus (figures.py, metrics.py)."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from peers.carrier import Carrier
from peers.connection import Arrival, Arrived, Channel, Connection, Place
from peers.figures import (
    FAULTS,
    NETWORK_MEMORY,
    NETWORK_STARTS,
    PEERS,
    RECEIVED,
    RELAYED,
    RELAYS,
    SENT,
    SESSIONS,
    STEPS,
    STEPS_ENDED,
    Figures,
)
from peers.lines import Lines
from peers.relay_port import RelayPort

_PAGE: Final = 4096  # bytes, on every x86-64


class Lending(Protocol):
    """What is asked of the part that runs steps for others."""

    def status(self) -> dict[str, int | str]:
        """Return how things are."""
        ...


class Meter:
    """Counts. For the node's thread."""

    def __init__(self, log: Callable[..., None]) -> None:
        """Write down by `log` what is said to be written down."""
        self._log = log
        self._figures = Figures()

    def log(self, event: str, **facts: object) -> None:
        """Write down what happens, and count what is counted of it."""
        self._log(event, **facts)
        if event == "cut off":
            self._figures.count(FAULTS, str(facts.get("why", "")))
        elif event == "network started":
            self._figures.count(NETWORK_STARTS)

    def arrived(self, arrival: Arrival) -> None:
        """Count what arrives."""
        if isinstance(arrival, Arrived):
            size = sum(map(len, arrival.frames))
            self._figures.count(RECEIVED, arrival.connection.channel, by=size)

    def sent(self, connection: Connection, frames: tuple[bytes, ...]) -> None:
        """Count what is sent."""
        self._figures.count(SENT, connection.channel, by=sum(map(len, frames)))

    def relayed(self, port: RelayPort) -> None:
        """Take what is passed on between others."""
        self._figures.put(RELAYS, port.pairs)
        self._figures.put(RELAYED, port.passed)

    def ended(self, side: str, steps: Counter[str]) -> None:
        """Take how many steps have ended, for others or by others, and how."""
        for state, count in steps.items():
            self._figures.put(STEPS_ENDED, count, side, state)

    def text(self, lines: Lines, known: int, lending: Lending, network: int | None) -> str:
        """Return all figures; `network` is the id of the network process."""
        put = self._figures.put
        for channel in Channel:
            put(SESSIONS, lines.count(channel), channel)
        put(PEERS, known)
        status = lending.status()
        put(STEPS, int(status["open"]), "leased")
        put(STEPS, int(status["running"]), "running")
        put(NETWORK_MEMORY, _resident(network))
        return self._figures.text()


class Metered(Carrier):
    """A carrier whose messages are counted."""

    def __init__(self, carrier: Carrier, meter: Meter) -> None:
        self._carrier = carrier
        self._meter = meter

    def listen(self, host: str, port: int, channel: Channel) -> int:
        """Let others connect."""
        return self._carrier.listen(host, port, channel)

    def dial(self, place: Place, channel: Channel) -> Connection:
        """Begin to connect."""
        return self._carrier.dial(place, channel)

    def send(self, connection: Connection, frames: tuple[bytes, ...]) -> bool:
        """Take a message, and count it; False when there is no room."""
        if not self._carrier.send(connection, frames):
            return False
        self._meter.sent(connection, frames)
        return True

    def cut(self, connection: Connection) -> None:
        """End a connection."""
        self._carrier.cut(connection)

    def shut_out(self, curve_key: bytes, for_ms: int) -> None:
        """Let nobody with this key connect for a time."""
        self._carrier.shut_out(curve_key, for_ms)


def _resident(process: int | None) -> int:
    """Return the memory of a process, in bytes; 0 of one that is gone."""
    if process is None:
        return 0
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
