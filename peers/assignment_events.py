"""Assignment events: what an assignment is told, and what it wants done. Pure.

Events carry what was checked at the door: signatures hold, records are well-formed. The amounts
of Reserve and Settle are named by outcome, and are zero until peers trade.
"""

from typing import Literal, TypeAlias

from engine.content.cid import Cid
from engine.values import dataclass
from peers.agreement import Acceptance, Batch, Lease, Said
from peers.signed import Unsealed

Outcome: TypeAlias = Literal["accepted", "disputed", "failed", "expired", "cancelled"]

# what happened


@dataclass(frozen=True, slots=True)
class Handed:
    """The scheduler wants these steps run by this provider."""

    steps: tuple[Cid, ...]


@dataclass(frozen=True, slots=True)
class Agreed:
    """The provider accepted the offer."""

    acceptance: Unsealed[Acceptance]


@dataclass(frozen=True, slots=True)
class Declined:
    """The provider will not, or will no longer."""

    why: str


@dataclass(frozen=True, slots=True)
class Attested:
    """The provider signed what came out of some steps."""

    batch: Unsealed[Batch]
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What was attested has been fetched and looked at."""

    step: Cid
    is_believed: bool
    why: str  # "" of what is believed


@dataclass(frozen=True, slots=True)
class Returned:
    """The provider could not run a step, for a reason that is not the step's."""

    step: Cid
    why: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Nobody wants a step any more."""

    step: Cid


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """The provider is not heard of."""


Event: TypeAlias = (
    Handed | Agreed | Declined | Attested | Judged | Returned | Withdrawn | Tick | Vanished
)

# what is to be done


@dataclass(frozen=True, slots=True)
class HandOver:
    """Sign a lease and send it with its steps."""

    lease: Lease
    steps: tuple[Cid, ...]


@dataclass(frozen=True, slots=True)
class Judge:
    """Fetch what was attested of a step and look at it."""

    said: Said
    batch: Cid  # whose word it is


@dataclass(frozen=True, slots=True)
class Keep:
    """A step is done: give its result to the scheduler."""

    said: Said


@dataclass(frozen=True, slots=True)
class GiveBack:
    """A step is not done here: it may be run elsewhere."""

    step: Cid
    why: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Tell the provider that nobody wants a step any more."""

    step: Cid


@dataclass(frozen=True, slots=True)
class Reserve:
    """Set aside what some steps may cost, before they are handed over."""

    steps: tuple[Cid, ...]


@dataclass(frozen=True, slots=True)
class Settle:
    """Pay, or set free, what was set aside for a step."""

    step: Cid
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Blame:
    """The provider did what no honest one does: cut it off, and give it nothing soon."""

    why: str


Action: TypeAlias = HandOver | Judge | Keep | GiveBack | Stop | Reserve | Settle | Blame
