"""Messages: which types there are of this version. Pure.

A type is four times its subject and its role: `4 * subject + Role`. The answer to a request has the
type after the request's. The body of a message is a plain array, a signed record, or bytes.
"""

from enum import IntEnum
from typing import Final

from peers.envelope import MAX_TYPE, Role


class Subject(IntEnum):
    """What messages are about; each part of the protocol has sixty-four of its own."""

    HELLO = 0  # a notice each way, first
    ALIVE = 1  # a notice with no body: this peer has nothing else to say
    LINE = 2  # a notice with no body: dial a line for blocks, please
    RELAY = 32  # reaching a peer through another
    CONTENT = 64
    DIRECTORY = 128
    WORK = 192
    CREDIT = 256
    CATALOGUE = 320  # from version 2 on


def notice(subject: int) -> int:
    """Return the type of a notice."""
    return _type(subject, Role.NOTICE)


def request(subject: int) -> int:
    """Return the type of a request; its answer has the next."""
    return _type(subject, Role.REQUEST)


def _type(subject: int, role: Role) -> int:
    made = 4 * subject + role
    if not 0 <= made <= MAX_TYPE:
        raise ValueError(f"no subject: {subject}")
    return made


HELLO_TYPE: Final = notice(Subject.HELLO)
ALIVE_TYPE: Final = notice(Subject.ALIVE)
