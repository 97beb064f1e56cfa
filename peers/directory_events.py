"""What a Directory hears (events) and what it asks for (actions): the whole vocabulary. Pure.

What one peer does, the other hears: Ask as Asked, List as Listed, Want as Wanted, Announce as
Learned, Introduce as Introduced (docs/protocol.md, "Directory").
"""

from typing import NamedTuple

from engine.values import dataclass
from peers.changes import Cursor
from peers.identity import Address, PeerId
from peers.peer_record import Notice


class Entry(NamedTuple):
    """That a peer has a record of some peer, without the record."""

    peer: PeerId
    serial: int
    mark: bytes  # the last MARK bytes of its CID: two records of one serial differ in it


@dataclass(frozen=True, slots=True)
class Listing:
    """What a peer passes on and has changed since a cursor, the oldest change first."""

    entries: tuple[Entry, ...]
    upto: Cursor  # where to go on
    more: bool


# events


@dataclass(frozen=True, slots=True)
class Tick:
    """The time; about once a second. `luck` is 64 random bits."""

    now_ms: int  # since 1970 UTC
    monotonic_ms: int
    luck: int


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
class Down:
    """The last session with a peer has ended."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A dial failed, or found another peer; there may be a session all the same."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class Asked:
    """A peer wants to know what we pass on."""

    by: PeerId
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Listed:
    """The answer to Ask."""

    by: PeerId
    listing: Listing


@dataclass(frozen=True, slots=True)
class Wanted:
    """A peer wants the records of these."""

    by: PeerId
    peers: tuple[PeerId, ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """The answer to Want: records whose signatures hold."""

    notices: tuple[Notice, ...]
    via: PeerId


@dataclass(frozen=True, slots=True)
class Introduced:
    """A peer sent its own record, whose signature holds."""

    notice: Notice
    by: PeerId


Event = (
    Tick
    | Renewed
    | Added
    | Removed
    | Up
    | Down
    | Unanswered
    | Asked
    | Listed
    | Wanted
    | Learned
    | Introduced
)

# actions


@dataclass(frozen=True, slots=True)
class Dial:
    """Try to begin a session."""

    address: Address


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a peer what it passes on."""

    to: PeerId
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class List:
    """Answer Asked."""

    to: PeerId
    listing: Listing


@dataclass(frozen=True, slots=True)
class Want:
    """Ask a peer for records."""

    to: PeerId
    peers: tuple[PeerId, ...]


@dataclass(frozen=True, slots=True)
class Announce:
    """Answer Wanted: signed records, as they came."""

    to: PeerId
    records: tuple[bytes, ...]


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


@dataclass(frozen=True, slots=True)
class Refuse:
    """What a peer sent was not taken, and why; for the log."""

    peer: PeerId
    why: str


Action = Dial | Ask | List | Want | Announce | Introduce | Renew | Forget | Forked | Refuse
