"""What a Session hears (events) and what it asks for (actions): the whole vocabulary. Pure.

Times are milliseconds: `at_ms` by a monotonic clock, `wall_ms` since 1970 UTC.
"""

from engine.content.cid import Cid
from engine.values import dataclass
from peers.allowance import Rate
from peers.envelope import Role
from peers.identity import PeerId


@dataclass(frozen=True, slots=True)
class Dialled:
    """This peer connected to the other; `nonce` is random."""

    at_ms: int
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Accepted:
    """The other peer connected to this one; `nonce` is random."""

    at_ms: int
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """A message came."""

    at_ms: int
    wall_ms: int
    frames: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Send a request; `request_id` is random, or that of an earlier one asked again."""

    at_ms: int
    request_id: bytes
    type: int
    body: bytes
    deadline_ms: int  # from now; 0 for no limit


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer a request that was delivered."""

    at_ms: int
    request_id: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Tell:
    """Send a notice."""

    at_ms: int
    type: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed: to be said about once a second."""

    at_ms: int
    wall_ms: int


@dataclass(frozen=True, slots=True)
class Granted:
    """An agreement with the peer lets it send at another rate."""

    at_ms: int
    rate: Rate


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is gone."""


Event = Dialled | Accepted | Received | Ask | Reply | Tell | Ticked | Granted | Lost


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message."""

    frames: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Met:
    """It is known who is at the other end; from now on messages may be sent."""

    peer: PeerId
    version: int
    heads: tuple[Cid, ...]


@dataclass(frozen=True, slots=True)
class Deliver:
    """A message for whoever deals with its type; a request is to be answered by Reply."""

    role: Role
    type: int
    request_id: bytes  # zeros in a notice
    body: bytes
    ends_ms: int | None  # when, by `at_ms`, an answer is of no more use


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The time of a request is up: no answer will be delivered, or is to be sent."""

    request_id: bytes
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """End the connection; the reason is for the log. Nothing follows."""

    reason: str


Action = Send | Met | Deliver | Lapsed | Cut
