"""Envelope: what is around a message on the wire. Pure.

A message is one or two ZeroMQ frames: the envelope, and a body when there is one. The envelope is
a plain array of six, not signed: CURVE has authenticated who sent it, and what is to outlive the
connection is a signed record in the body.

>>> door = Envelope(1, 5, bytes(16), seq=1, deadline_ms=0)
>>> decode(encode(door)) == door, door.role
(True, <Role.REQUEST: 1>)
"""

from enum import IntEnum
from typing import Final, NoReturn

from engine.values import dataclass
from peers.errors import RemoteFault
from peers.plain import Plain, pack, unpack

VERSION: Final = 1  # of this protocol, in which all begin
WITH_CATALOGUE: Final = 2  # from which on peers have a catalogue
VERSIONS: Final = (VERSION, WITH_CATALOGUE)  # that this program speaks
MAX_ENVELOPE: Final = 1024  # bytes; one of this version has at most 49
MAX_BODY: Final = 2 * 1024 * 1024 + 48 * 1024  # bytes: the largest block and what is said of it
MAX_FRAME: Final = 2 * 1024 * 1024 + 64 * 1024  # bytes on the wire: a body and CURVE's own
MAX_FRAMES: Final = 2
MAX_VERSION: Final = 2**16 - 1
MAX_TYPE: Final = 2**16 - 1
REQUEST_ID: Final = 16  # bytes, random
MAX_SEQ: Final = 2**64 - 1
MAX_DEADLINE_MS: Final = 24 * 3600 * 1000  # a request that takes longer than a day is a job

_NO_ID: Final = bytes(REQUEST_ID)
_NO_ROLE: Final = 3  # of the four that two bits can name
_FIELDS: Final = 6
_MAX_ITEMS: Final = 64  # of an envelope: its fields, and the critical extensions to be named


class Role(IntEnum):
    """What a message is for; the last two bits of its type. The answer to type N is N + 1."""

    NOTICE = 0
    REQUEST = 1
    ANSWER = 2


_ROLES: Final = tuple(Role)  # a third of what Role(...) takes
_TYPES: Final = [int, int, bytes, int, int]  # of the fields below; a bool is no int to this


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is said of a message before its body is read."""

    version: int  # of the protocol, as agreed in the handshake
    type: int  # which message; its last two bits are its Role
    request_id: bytes  # 16 bytes; an answer has that of its request, a notice zeros
    seq: int  # strictly increasing within a connection and direction, from 1
    deadline_ms: int  # from receipt: how long an answer is of use; 0 for no limit

    @property
    def role(self) -> Role:
        """What the message is for."""
        return _ROLES[self.type & 3]


def encode(envelope: Envelope) -> bytes:
    """Return the first frame of a message; ValueError when a field is out of its bounds."""
    try:
        check(envelope)
    except RemoteFault as fault:  # others would refuse it
        raise ValueError(fault.what) from None
    critical = ()  # this version has none
    return pack(
        (
            envelope.version,
            envelope.type,
            envelope.request_id,
            envelope.seq,
            envelope.deadline_ms,
            critical,
        )
    )


def decode(data: bytes) -> Envelope:
    """Return what the first frame of a message says.

    Raises: RemoteFault when it is not exactly what `encode` gives for some Envelope.
    """
    if len(data) > MAX_ENVELOPE:
        raise RemoteFault(f"an envelope is over {MAX_ENVELOPE} bytes")
    try:
        fields = unpack(data, max_items=_MAX_ITEMS)
    except RemoteFault as fault:
        raise RemoteFault(f"not an envelope: {fault.what}") from None
    if type(fields) is not tuple or len(fields) != _FIELDS:
        raise RemoteFault(f"an envelope is an array of {_FIELDS}")
    *said, critical = fields
    if critical != () or [*map(type, said)] != _TYPES:
        _refuse(*fields)
    envelope = Envelope(*said)  # type: ignore[arg-type]
    check(envelope)
    return envelope


def split(frames: tuple[bytes, ...]) -> tuple[Envelope, bytes]:
    """Return the envelope and the body of a message; a body that is not there is empty.

    Raises: RemoteFault when it has more frames, or larger ones, or no envelope.
    """
    if not 0 < len(frames) <= MAX_FRAMES:
        raise RemoteFault(f"a message has one or two frames, not {len(frames)}")
    body = frames[1] if len(frames) == MAX_FRAMES else b""
    if len(body) > MAX_BODY:
        raise RemoteFault(f"a body is over {MAX_BODY} bytes")
    if len(frames) == MAX_FRAMES and not body:
        raise RemoteFault("an empty body is left out")
    return decode(frames[0]), body


def join(envelope: Envelope, body: bytes) -> tuple[bytes, ...]:
    """Return the frames of a message; ValueError when the body is too large for one."""
    if len(body) > MAX_BODY:
        raise ValueError(f"a body is over {MAX_BODY} bytes")
    return (encode(envelope), body) if body else (encode(envelope),)


def check(envelope: Envelope) -> None:
    """Check the bounds of every field.

    Raises: RemoteFault naming the first that is out of them.
    """
    if not _is_good(envelope):  # each message is looked at: saying what is wrong takes longer
        _complain(envelope)


def _is_good(envelope: Envelope) -> bool:
    kind, request_id = envelope.type, envelope.request_id
    return (
        1 <= envelope.version <= MAX_VERSION
        and 0 <= kind <= MAX_TYPE
        and 1 <= envelope.seq <= MAX_SEQ
        and 0 <= envelope.deadline_ms <= MAX_DEADLINE_MS
        and len(request_id) == REQUEST_ID
        and kind & 3 != _NO_ROLE
        and (kind & 3 == Role.NOTICE) == (request_id == _NO_ID)
    )


def _complain(envelope: Envelope) -> None:
    _bounded("version", envelope.version, 1, MAX_VERSION)
    _bounded("type", envelope.type, 0, MAX_TYPE)
    _bounded("seq", envelope.seq, 1, MAX_SEQ)
    _bounded("deadline", envelope.deadline_ms, 0, MAX_DEADLINE_MS)
    if len(envelope.request_id) != REQUEST_ID:
        raise RemoteFault(f"a request id has {REQUEST_ID} bytes")
    if envelope.type & 3 == _NO_ROLE:
        raise RemoteFault(f"type {envelope.type} is neither notice, request nor answer")
    if (envelope.role is Role.NOTICE) != (envelope.request_id == _NO_ID):
        raise RemoteFault("a request id is zero in a notice, and only there")


def _refuse(
    version: Plain, kind: Plain, request_id: Plain, seq: Plain, deadline_ms: Plain, critical: Plain
) -> NoReturn:
    """Say what is wrong; this version knows no critical extension, which must be understood."""
    if type(critical) is not tuple:
        raise RemoteFault("the critical extensions are no array")
    if critical:
        raise RemoteFault(f"{len(critical)} critical extensions are unknown to this version")
    wholes = {"version": version, "type": kind, "seq": seq, "deadline": deadline_ms}
    for name, value in wholes.items():
        if type(value) is not int:  # a bool is an int to isinstance
            raise RemoteFault(f"the {name} is no integer")
    raise RemoteFault("the request id is no bytes")


def _bounded(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise RemoteFault(f"the {name} is not from {least} to {most}")
