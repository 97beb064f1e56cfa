"""What a Rendezvous hears (events) and what it asks for (actions): the whole vocabulary. Pure.

A *node* is an IPFS node, by its id; a *peer* is one of ours, which is at a node.
"""

from engine.values import dataclass
from peers.identity import Address, PeerId

# events


@dataclass(frozen=True, slots=True)
class Tick:
    """The time, monotonic; about once a second. `luck` is 64 random bits."""

    now_ms: int
    luck: int


@dataclass(frozen=True, slots=True)
class Ready:
    """Our IPFS node is there, and carries streams to us."""

    node: str


@dataclass(frozen=True, slots=True)
class Away:
    """Our IPFS node is gone, or does not carry streams."""


@dataclass(frozen=True, slots=True)
class Provided:
    """It has told others that we are there, or could not."""

    done: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """It has looked who says so; None: it could not."""

    found: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Told:
    """At a node, a peer said who it is and where it is reached, in the order to try."""

    node: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Silent:
    """At a node nobody answered, or nobody who can be believed."""

    node: str


@dataclass(frozen=True, slots=True)
class Up:
    """A peer is connected."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class Down:
    """A peer is connected no more."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A peer that was dialled did not answer."""

    peer: PeerId


Event = Tick | Ready | Away | Provided | Looked | Told | Silent | Up | Down | Unanswered

# actions


@dataclass(frozen=True, slots=True)
class Provide:
    """Have our node tell others that we are there; Provided follows."""


@dataclass(frozen=True, slots=True)
class Look:
    """Have our node look who says so; Looked follows."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask who is at a node; Told or Silent follows."""

    node: str


@dataclass(frozen=True, slots=True)
class Dial:
    """Dial a peer."""

    address: Address


Action = Provide | Look | Ask | Dial
