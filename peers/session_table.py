"""The life of one connection, as one table. Pure.

`TABLE` is all there is: a session in a state, moved by a cause, goes to the state in its row, and
a pair with no row is a bug of whoever drives it. docs/protocol.md prints it.

>>> move(State.OPEN, Cause.FAULT)
<State.CLOSED: 4>
"""

from enum import IntEnum
from typing import Final


class State(IntEnum):
    """Where a session is."""

    NEW = 0
    GREETING = 1  # this peer dialled and said hello; the answer is awaited
    AWAITING = 2  # the other dialled; its hello is awaited
    OPEN = 3  # each knows who the other is
    CLOSED = 4  # nothing is sent or delivered any more


class Cause(IntEnum):
    """Why a session changes its state, or stays in it."""

    DIALLED = 0
    ACCEPTED = 1
    GREETED = 2  # a hello came, and it holds
    HEARD = 3  # another message came, and it is in order
    SPOKE = 4  # this peer sends something
    PASSED = 5  # time
    FAULT = 6  # the other broke the protocol, or was silent for too long
    LOST = 7


TABLE: Final[dict[tuple[State, Cause], State]] = {
    (State.NEW, Cause.DIALLED): State.GREETING,
    (State.NEW, Cause.ACCEPTED): State.AWAITING,
    (State.GREETING, Cause.GREETED): State.OPEN,
    (State.GREETING, Cause.PASSED): State.GREETING,
    (State.GREETING, Cause.FAULT): State.CLOSED,
    (State.GREETING, Cause.LOST): State.CLOSED,
    (State.AWAITING, Cause.GREETED): State.OPEN,
    (State.AWAITING, Cause.PASSED): State.AWAITING,
    (State.AWAITING, Cause.FAULT): State.CLOSED,
    (State.AWAITING, Cause.LOST): State.CLOSED,
    (State.OPEN, Cause.HEARD): State.OPEN,
    (State.OPEN, Cause.SPOKE): State.OPEN,
    (State.OPEN, Cause.PASSED): State.OPEN,
    (State.OPEN, Cause.FAULT): State.CLOSED,
    (State.OPEN, Cause.LOST): State.CLOSED,
    (State.CLOSED, Cause.HEARD): State.CLOSED,  # what was on its way when it ended
    (State.CLOSED, Cause.SPOKE): State.CLOSED,
    (State.CLOSED, Cause.PASSED): State.CLOSED,
    (State.CLOSED, Cause.LOST): State.CLOSED,
}


def move(state: State, cause: Cause) -> State:
    """Return the state that follows.

    Raises: ValueError when the table has no such row.
    """
    try:
        return TABLE[state, cause]
    except KeyError:
        raise ValueError(f"{state.name} has no row for {cause.name}") from None
