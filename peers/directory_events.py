"""What a Directory hears (events) and asks for (actions), besides what any listing has. Pure."""

from typing import NamedTuple

from engine.values import dataclass
from peers import listing_events as listing
from peers.identity import Address, PeerId
from peers.peer_record import Notice


class Entry(NamedTuple):
    """That a peer has a record of some peer, without the record."""

    peer: PeerId
    serial: int
    mark: bytes  # the last MARK bytes of its CID: two records of one serial differ in it


# events


@dataclass(frozen=True, slots=True)
class Renewed:
    """Our own record is this one now; it is durable."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class Added:
    """The user named a peer."""

    address: Address


@dataclass(frozen=True, slots=True)
class Removed:
    """The user wants a peer forgotten; it may be heard of again."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class Up:
    """The first session with a peer has begun: it has proved who it is."""

    peer: PeerId
    dialled: bool  # by us: so it does listen where it says


@dataclass(frozen=True, slots=True)
class Introduced:
    """A peer sent its own record, whose signature holds."""

    notice: Notice
    by: PeerId


Event = listing.Event[Entry, PeerId, Notice] | Renewed | Added | Removed | Up | Introduced

# actions


@dataclass(frozen=True, slots=True)
class Dial:
    """Try to begin a session."""

    address: Address


@dataclass(frozen=True, slots=True)
class Introduce:
    """Send a peer our own signed record."""

    to: PeerId
    record: bytes


@dataclass(frozen=True, slots=True)
class Renew:
    """Make and sign our own record anew, with these; then say Renewed."""

    serial: int
    made_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Forget:
    """A peer's record is gone: it expired, or made room, or the user said so."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class Forked:
    """A peer signed two records of one serial: both are evidence, the first stands."""

    peer: PeerId
    first: bytes
    second: bytes


Action = listing.Action[Entry, PeerId] | Dial | Introduce | Renew | Forget | Forked
