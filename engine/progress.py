"""Progress: what a run tells whoever watches it, as it happens. Pure.

`Watch` is called from the scheduler's thread; for Printed, from the threads of slots.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from engine.rows import StepStatus
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class Counted:
    """It is known how many instances a step has."""

    step: str
    count: int


@dataclass(frozen=True, slots=True)
class Started:
    """An instance began to run; `attempt` counts from 1."""

    step: str
    index: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Another run is doing the same work: its result is waited for."""

    step: str
    index: int


@dataclass(frozen=True, slots=True)
class Printed:
    """A running instance printed something."""

    step: str
    index: int
    stream: Literal["stdout", "stderr"]
    data: bytes


@dataclass(frozen=True, slots=True)
class Retried:
    """An attempt failed and another will be made."""

    step: str
    index: int
    note: str


@dataclass(frozen=True, slots=True)
class Reused:
    """These instances have ended: results that were there were taken for them."""

    step: str
    indexes: Sequence[int]


@dataclass(frozen=True, slots=True)
class Ended:
    """An instance has ended, for good and durably."""

    step: str
    index: int  # WHOLE for a step whose instances were never known
    status: StepStatus
    wall_ms: int  # 0 when no process was started, or it gave no result
    note: str  # why it failed or was skipped, in words


Progress = Counted | Started | Waiting | Printed | Retried | Reused | Ended
Watch = Callable[[Progress], None]
