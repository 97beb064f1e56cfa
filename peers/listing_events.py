"""What peers who list things to each other hear (events) and ask for (actions). Pure.

The directory lists records of peers, the catalogue postings. What one peer does, the other hears:
Ask as Asked, List as Listed, Want as Wanted, Show as Learned (docs/protocol.md, "Directory").
"""

from typing import Generic, TypeVar

from engine.values import dataclass
from peers.changes import Cursor, Page
from peers.identity import PeerId

T = TypeVar("T")  # by what a thing is listed
N = TypeVar("N")  # by what it is wanted
R = TypeVar("R")  # the thing itself, read

# events


@dataclass(frozen=True, slots=True)
class Tick:
    """The time. `luck` is 64 random bits."""

    now_ms: int  # since 1970 UTC
    monotonic_ms: int
    luck: int


@dataclass(frozen=True, slots=True)
class Down:
    """The last session with a peer has ended."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A dial failed, or a peer did not answer in time; there may be a session all the same."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class Asked:
    """A peer wants to know what we pass on."""

    by: PeerId
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """The answer to Ask."""

    by: PeerId
    page: Page[T]


@dataclass(frozen=True, slots=True)
class Wanted(Generic[N]):
    """A peer wants these."""

    by: PeerId
    names: tuple[N, ...]


@dataclass(frozen=True, slots=True)
class Learned(Generic[R]):
    """The answer to Want: things whose signatures hold."""

    things: tuple[R, ...]
    via: PeerId


Event = Tick | Down | Unanswered | Asked | Listed[T] | Wanted[N] | Learned[R]

# actions


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a peer what it passes on."""

    to: PeerId
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class List(Generic[T]):
    """Answer Asked."""

    to: PeerId
    page: Page[T]


@dataclass(frozen=True, slots=True)
class Want(Generic[N]):
    """Ask a peer for things."""

    to: PeerId
    names: tuple[N, ...]


@dataclass(frozen=True, slots=True)
class Show:
    """Answer Wanted: signed things, as they came."""

    to: PeerId
    datas: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Refuse:
    """What a peer sent was not taken, and why; for the log."""

    peer: PeerId
    why: str


Action = Ask | List[T] | Want[N] | Show | Refuse
