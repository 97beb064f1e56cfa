"""What a Server hears (events) and what it asks for (actions): the whole vocabulary. Pure."""

from collections.abc import Sequence

from engine.content.cid import Cid
from engine.values import dataclass
from peers.exchange import Answer, Question
from peers.identity import PeerId


@dataclass(frozen=True, slots=True)
class Offer:
    """A peer, or everyone, may have what some roots lead to; more roots may follow."""

    scope: Cid  # the agreement; or, for everyone, the one root itself
    roots: tuple[Cid, ...]
    asker: PeerId | None  # None: everyone
    without: frozenset[Cid] = frozenset()  # not because a record links to it


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Nobody may have the content of a scope any more."""

    scope: Cid


@dataclass(frozen=True, slots=True)
class Asked:
    """A peer has asked."""

    peer: PeerId
    message: Question


@dataclass(frozen=True, slots=True)
class Gone:
    """A peer is not connected any more: its lanes are closed."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class Loaded:
    """Answer to Load, in the order asked: what is in neither was not read, and comes again."""

    turn: int
    blocks: Sequence[tuple[Cid, bytes]]  # checked
    absent: Sequence[Cid]  # not here, or damaged


@dataclass(frozen=True, slots=True)
class Taken:
    """What was sent in a turn has left for the network: there is room for another."""

    turn: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""

    now_ms: int  # of a monotonic clock


Event = Offer | Withdraw | Asked | Gone | Loaded | Taken | Tick


@dataclass(frozen=True, slots=True)
class Load:
    """Read blocks in this order, for as long as they take no more than `most_bytes` together."""

    turn: int
    cids: tuple[Cid, ...]  # at most MAX_CIDS
    most_bytes: int  # at most MAX_BYTES


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message to an asker; one with blocks is answered by Taken."""

    peer: PeerId
    message: Answer
    turn: int | None = None  # of the blocks in it


Action = Load | Send
