"""Connection: one line to another peer, and what can happen on it. Pure.

It is known by the CURVE key that its other end has proved to hold, never by a name that the other
end has given itself.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from engine.values import dataclass


class Channel(StrEnum):
    """What a connection is for; each has sockets of its own."""

    CONTROL = "control"  # all that is small, and signs of life
    BULK = "bulk"  # blocks: nothing waits behind them but blocks


class Place(NamedTuple):
    """Where another peer can be dialled."""

    host: str
    port: int
    curve_key: bytes  # that it must hold


@dataclass(frozen=True, slots=True)
class Connection:
    """One line to another peer."""

    number: int  # of this process, rising, never used twice; from outside: as they are first heard
    curve_key: bytes  # of the other end, 32 bytes
    channel: Channel
    host: str  # the IP address it came from, or the one that was dialled
    is_dialled: bool  # by this peer


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection that was dialled is there."""

    connection: Connection


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message came; the first one of a connection from outside is the first heard of it."""

    connection: Connection
    frames: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """A connection is gone, or never came to be; the reason is for the log."""

    connection: Connection
    reason: str


@dataclass(frozen=True, slots=True)
class Left:
    """Messages that were sent are out of this program's hands: the oldest ones, in order."""

    connection: Connection
    count: int


Arrival = Connected | Arrived | Ended | Left


def size_of(arrivals: Iterable[Arrival]) -> int:
    """Return how many bytes of messages have arrived."""
    came = (one.frames for one in arrivals if isinstance(one, Arrived))
    return sum(len(frame) for frames in came for frame in frames)
