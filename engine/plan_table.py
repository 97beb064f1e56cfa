"""The life of one instance of a step, as one table. Pure.

`TABLE` is all there is: an instance in a state, moved by a cause, goes to the state in its row,
and a pair with no row is a bug of whoever drives the plan. docs/architecture.md prints it.

>>> move(State.RUNNING, Cause.RAN)
<State.RECORDING: 5>
"""

from enum import IntEnum
from typing import Final


class State(IntEnum):
    """Where an instance is; what follows RECORDING is final."""

    WAITING = 0  # for what it needs
    READY = 1  # its needs are met; nobody was asked for its key yet
    RESOLVING = 2  # its key is being computed and looked for in the memo
    QUEUED = 3  # it must run, and waits for cpus and memory
    RUNNING = 4
    RECORDING = 5  # it ran to its end; nothing may rely on it before that is durable
    DONE = 6
    REUSED = 7
    FAILED = 8
    SKIPPED = 9  # its own `when`, or that of something it reads, is false
    BLOCKED = 10  # something it needs did not succeed, or the run stopped before it


class Cause(IntEnum):
    """Why an instance changes its state."""

    NEEDS_MET = 0
    NEED_SKIPPED = 1
    NEED_FAILED = 2
    ASKED = 3
    FOUND = 4
    MISSING = 5
    STARTED = 6
    RAN = 7
    SUCCEEDED = 8
    REPEATED = 9  # a failure or a loss that is tried again
    FAILED = 10
    STOPPED = 11


TABLE: Final[dict[tuple[State, Cause], State]] = {
    (State.WAITING, Cause.NEEDS_MET): State.READY,
    (State.WAITING, Cause.NEED_SKIPPED): State.SKIPPED,
    (State.WAITING, Cause.NEED_FAILED): State.BLOCKED,
    (State.WAITING, Cause.STOPPED): State.BLOCKED,
    (State.READY, Cause.ASKED): State.RESOLVING,
    (State.READY, Cause.STOPPED): State.BLOCKED,
    (State.RESOLVING, Cause.FOUND): State.REUSED,
    (State.RESOLVING, Cause.MISSING): State.QUEUED,
    (State.RESOLVING, Cause.FAILED): State.FAILED,
    (State.QUEUED, Cause.STARTED): State.RUNNING,
    (State.QUEUED, Cause.STOPPED): State.BLOCKED,
    (State.RUNNING, Cause.RAN): State.RECORDING,
    (State.RUNNING, Cause.FOUND): State.REUSED,
    (State.RUNNING, Cause.REPEATED): State.QUEUED,
    (State.RUNNING, Cause.FAILED): State.FAILED,
    (State.RUNNING, Cause.STOPPED): State.BLOCKED,
    (State.RECORDING, Cause.SUCCEEDED): State.DONE,
    (State.RECORDING, Cause.REPEATED): State.QUEUED,
    (State.RECORDING, Cause.FAILED): State.FAILED,
}

ENDED: Final = State.DONE  # this state and those after it are final


def move(state: State | int, cause: Cause) -> State:
    """Return the state that follows.

    Raises: ValueError when the table has no such row.
    """
    try:
        return TABLE[state, cause]  # type: ignore[index]
    except KeyError:
        raise ValueError(f"{State(state).name} has no row for {cause.name}") from None
