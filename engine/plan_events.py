"""What a Plan hears (events) and what it asks for (actions): the whole vocabulary. Pure.

An instance of a step is named by its step's name and its index in scatter order; a step that is
not scattered has the one instance 0. What is asked and found comes by the span, many instances of
one step together; what runs comes one by one.
"""

from collections.abc import Sequence
from typing import Literal

from engine.values import dataclass

Status = Literal["succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Answer to Resolve, or to a part of it: these instances have a key."""

    step: str
    reusable: Sequence[int]  # a result for it was accepted; ascending
    missing: Sequence[int]  # it must run


@dataclass(frozen=True, slots=True)
class Shared:
    """A started instance needed no run here: another run made its result meanwhile."""

    step: str
    index: int


@dataclass(frozen=True, slots=True)
class Ran:
    """A started instance ran to its end and holds nothing more; what it gave is being recorded."""

    step: str
    index: int


@dataclass(frozen=True, slots=True)
class Done:
    """What an instance that ran gave is durable: it exited 0."""

    step: str
    index: int


@dataclass(frozen=True, slots=True)
class Failed:
    """An instance failed: while it ran, or (never retryable) while its key was computed."""

    step: str
    index: int
    retryable: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """Whoever ran an instance has vanished; it is started again, up to MAX_LOSSES times."""

    step: str
    index: int


@dataclass(frozen=True, slots=True)
class Returned:
    """A started instance had not begun when another failed: it may start again, or never."""

    step: str
    index: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Answer to Cancel: the instance was stopped before its end."""

    step: str
    index: int


@dataclass(frozen=True, slots=True)
class Expanded:
    """Answer to Expand: the directory is known, and so is the number of instances."""

    step: str
    count: int


@dataclass(frozen=True, slots=True)
class Unexpandable:
    """Answer to Expand: the directory gives no instances that can run; the step has failed."""

    step: str


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Somebody wants the run to stop."""


Event = (
    Resolved
    | Shared
    | Ran
    | Done
    | Failed
    | Lost
    | Returned
    | Cancelled
    | Expanded
    | Unexpandable
    | CancelRequested
)


@dataclass(frozen=True, slots=True)
class Resolve:
    """Compute the keys of instances and look for accepted results.

    Answer Resolved for those that have a key, Failed for each that has none.
    """

    step: str
    indexes: range


@dataclass(frozen=True, slots=True)
class Reuse:
    """Take the results that Resolved, or Shared, was about; nothing is to be answered."""

    step: str
    indexes: Sequence[int]


@dataclass(frozen=True, slots=True)
class Start:
    """Run the instance; `attempt` counts from 1.

    Answer Ran and then Done or Failed; or, when it did not run to its end, Shared, Failed, Lost,
    Returned or Cancelled.
    """

    step: str
    index: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop the instance, which is running; what ends it is still to be answered."""

    step: str
    index: int


@dataclass(frozen=True, slots=True)
class Expand:
    """Count the instances of a step that scatters over a directory; answer Expanded."""

    step: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The instance has failed for good."""

    step: str
    index: int


@dataclass(frozen=True, slots=True)
class Skip:
    """The instance will not run. `wanted` is false when the author's own `when` left it out."""

    step: str
    index: int  # or WHOLE
    wanted: bool


@dataclass(frozen=True, slots=True)
class Finish:
    """Every instance has ended; the last action there is."""

    status: Status


Action = Resolve | Reuse | Start | Cancel | Expand | GiveUp | Skip | Finish
