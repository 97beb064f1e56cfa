"""Service events: what a service is told, and what it wants done. Pure.

Events carry what was checked at the door: signatures hold, records are well-formed.
"""

from typing import TypeAlias

from engine.content.cid import Cid
from engine.values import dataclass
from peers.agreement import Batch, Lease, Said
from peers.signed import Unsealed

# what happened


@dataclass(frozen=True, slots=True)
class Leased:
    """The requester hands steps over."""

    lease: Unsealed[Lease]
    steps: tuple[Cid, ...]
    fresh: frozenset[Cid] = frozenset()  # of these, what is to run whatever is known of it


@dataclass(frozen=True, slots=True)
class Ran:
    """A step ended by itself, well or not; what it gave is durable here."""

    said: Said
    size: int = 0  # bytes of its result and its attestation
    succeeded: bool = True  # else it is run again when it is leased again


@dataclass(frozen=True, slots=True)
class Failed:
    """A step could not be run here, for a reason that is not its own."""

    step: Cid
    why: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The requester does not want a step any more."""

    step: Cid


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The requester has a batch, durably."""

    number: int


@dataclass(frozen=True, slots=True)
class Connected:
    """The requester is heard of again: what it has not confirmed is told again."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Event: TypeAlias = Leased | Ran | Failed | Stopped | Confirmed | Connected | Tick

# what is to be done


@dataclass(frozen=True, slots=True)
class Run:
    """Fetch what a step needs, and run it."""

    step: Cid


@dataclass(frozen=True, slots=True)
class Cancel:
    """Do nothing more for a step, whether it runs or waits: it has ended."""

    step: Cid


@dataclass(frozen=True, slots=True)
class Hand:
    """Sign a batch, save it, and send it with what it is of."""

    batch: Batch
    said: tuple[Said, ...]
    done: tuple[Ran, ...]  # what it is said of


@dataclass(frozen=True, slots=True)
class Resend:
    """Send the bytes of a batch that was saved."""

    number: int


@dataclass(frozen=True, slots=True)
class Return:
    """Tell the requester that steps are not run here."""

    steps: tuple[Cid, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Blame:
    """The requester did what no honest one does: cut it off."""

    why: str


Action: TypeAlias = Run | Cancel | Hand | Resend | Return | Blame
