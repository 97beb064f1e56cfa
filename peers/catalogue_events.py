"""What Gossip hears (events) and what it asks for (actions), besides what any listing has. Pure."""

from engine.content.cid import Cid
from engine.values import dataclass
from peers import listing_events as listing
from peers.catalogue import Name
from peers.identity import PeerId
from peers.posting import Key, Posting

# events


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
class Told:
    """A peer says that it passes on something new: the other side of Tell."""

    by: PeerId


Event = listing.Event[Name, Name, Posting] | Read | Up | Told

# actions


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell a peer that there is something new."""

    to: PeerId


@dataclass(frozen=True, slots=True)
class Keep:
    """Write a posting down."""

    posting: Posting
    source: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Strike postings out: they have expired, or made room."""

    keys: tuple[Key, ...]


Action = listing.Action[Name, Name] | Tell | Keep | Drop
