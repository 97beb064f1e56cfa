"""What Gossip hears (events) and what it asks for (actions): the whole vocabulary. Pure.

What one peer does, the other hears: Tell as Told, Ask as Asked, List as Listed, Want as Wanted,
Show as Learned (docs/protocol.md, "Catalogue").
"""

from engine.content.cid import Cid
from engine.values import dataclass
from peers.catalogue import Name
from peers.changes import Cursor, Page
from peers.identity import PeerId
from peers.posting import Key, Posting

# events


@dataclass(frozen=True, slots=True)
class Tick:
    """The time; about ten times a second. `luck` is 64 random bits."""

    now_ms: int  # since 1970 UTC
    monotonic_ms: int
    luck: int


@dataclass(frozen=True, slots=True)
class Read:
    """What this home's file has that was not here and counts, and whom the user cares for."""

    kept: tuple[tuple[Posting, str], ...]  # and of whom each came
    gone: frozenset[Name]  # what it had and has no more
    named: frozenset[PeerId]
    wanted: frozenset[Cid]  # Releases


@dataclass(frozen=True, slots=True)
class Up:
    """The first session with a peer that has a catalogue has begun."""

    peer: PeerId
    source: str  # for which counts what it tells


@dataclass(frozen=True, slots=True)
class Down:
    """The last session with a peer has ended."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A peer did not answer in time."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class Told:
    """A peer says that it passes on something new."""

    by: PeerId


@dataclass(frozen=True, slots=True)
class Asked:
    """A peer wants to know what we pass on."""

    by: PeerId
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Listed:
    """The answer to Ask."""

    by: PeerId
    page: Page[Name]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A peer wants these."""

    by: PeerId
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """The answer to Want: postings whose signatures hold."""

    postings: tuple[Posting, ...]
    via: PeerId


Event = Tick | Read | Up | Down | Unanswered | Told | Asked | Listed | Wanted | Learned

# actions


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell a peer that there is something new."""

    to: PeerId


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a peer what it passes on."""

    to: PeerId
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class List:
    """Answer Asked."""

    to: PeerId
    page: Page[Name]


@dataclass(frozen=True, slots=True)
class Want:
    """Ask a peer for postings."""

    to: PeerId
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Show:
    """Answer Wanted: postings, as they came."""

    to: PeerId
    datas: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Keep:
    """Write a posting down."""

    posting: Posting
    source: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Strike postings out: they have expired, or made room."""

    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Refuse:
    """What a peer sent was not taken, and why; for the log."""

    peer: PeerId
    why: str


Action = Tell | Ask | List | Want | Show | Keep | Drop | Refuse
