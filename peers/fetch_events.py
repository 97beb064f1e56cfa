"""What a Fetch hears (events) and what it asks for (actions): the whole vocabulary. Pure."""

from collections.abc import Sequence

from engine.content.blocks import Checked
from engine.content.cid import Cid
from engine.values import dataclass
from peers.exchange import MAX_CIDS, Answer, Question
from peers.identity import PeerId


@dataclass(frozen=True, slots=True)
class Found:
    """A source is connected, or is so again: nothing from before counts on that connection."""

    peer: PeerId
    pipeline: int = MAX_CIDS  # wants with it; all fetches share MAX_CIDS; 0: wait to be told again


@dataclass(frozen=True, slots=True)
class Gone:
    """A source is not connected any more."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class Heard:
    """A source has answered."""

    peer: PeerId
    message: Answer


@dataclass(frozen=True, slots=True)
class Looked:
    """Answer to Look, or to a part of it: what memory allows at a time."""

    here: Sequence[tuple[Cid, bytes]]  # checked; of a raw block b"" will do: it has no links
    absent: Sequence[Cid]


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed. Several a second; what is due is noticed at a tick and no earlier."""

    now_ms: int  # of a monotonic clock


@dataclass(frozen=True, slots=True)
class Stop:
    """It is not wanted any more."""


Event = Found | Gone | Heard | Looked | Tick | Stop


@dataclass(frozen=True, slots=True)
class Look:
    """Say of each whether it is here, and if so what it links to."""

    cids: tuple[Cid, ...]  # at most MAX_CIDS


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message to a source."""

    peer: PeerId
    message: Question


@dataclass(frozen=True, slots=True)
class Keep:
    """Store these, which are content of the roots."""

    blocks: tuple[Checked, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """A source broke the protocol: have nothing more to do with it."""

    peer: PeerId
    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """All that the roots lead to is here."""

    roots: tuple[Cid, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """It will not be whole; what was kept stays, and another fetch goes on from there."""

    roots: tuple[Cid, ...]
    missing: tuple[Cid, ...]  # the first MAX_CIDS of them
    why: str
    is_final: bool = False  # the content itself is at fault: no source could give it whole


Action = Look | Send | Keep | Cut | Done | Failed
