"""Network messages: what a node and the process with its sockets say beside messages. Pure.

>>> unpack_text(ended(6, "the connection ended"))
'the connection ended'
"""

from dataclasses import astuple
from typing import Final, NamedTuple

from peers.connection import Channel, Place
from peers.errors import RemoteFault
from peers.gate import Limits
from peers.network_frames import Frame, Kind
from peers.plain import Plain, pack, unpack

MAX_TEXT: Final = 500  # characters of a reason
_KEY: Final = 32
_MOST_SIZE: Final = 4_096  # bytes of what is said beside messages


class Start(NamedTuple):
    """What the process is to know: nothing of it says who this peer is."""

    secret: bytes  # X25519, of the transport
    limits: Limits
    listening: tuple[tuple[int, Channel], ...]  # numbers of sockets that it was given


def start(said: Start) -> Frame:
    """Begin."""
    listening = tuple((number, channel.value) for number, channel in said.listening)
    counts = astuple(said.limits)
    return _frame(Kind.START, 0, (said.secret, counts, listening))


def unpack_start(frame: Frame) -> Start:
    """Read what the node says first; it is trusted."""
    match _unpack(frame, Kind.START):
        case (
            bytes(secret),
            (int(all_), int(per_host), int(handshakes_s), int(loopback), int(carried)),
            tuple(listening),
        ):
            limits = Limits(all_, per_host, handshakes_s, loopback, carried)
            return Start(secret, limits, tuple(map(_listening, listening)))
    raise RemoteFault("it does not begin with a start")


def _listening(said: Plain) -> tuple[int, Channel]:
    match said:
        case (int(number), str(channel)):
            return number, Channel(channel)
    raise RemoteFault("it is no socket that listens")


def dial(number: int, place: Place) -> Frame:
    """Connect somewhere."""
    return _frame(Kind.DIAL, number, (place.host, place.port, place.curve_key))


def unpack_dial(frame: Frame) -> Place:
    """Read where to connect."""
    match _unpack(frame, Kind.DIAL):
        case (str(host), int(port), bytes(key)):
            return Place(host, port, key)
    raise RemoteFault("it is no place")


def shut_out(curve_key: bytes, for_ms: int) -> Frame:
    """Let a key not connect for a time."""
    return _frame(Kind.SHUT_OUT, 0, (curve_key, for_ms))


def unpack_shut_out(frame: Frame) -> tuple[bytes, int]:
    """Read which key, and for how many ms."""
    match _unpack(frame, Kind.SHUT_OUT):
        case (bytes(key), int(for_ms)):
            return key, for_ms
    raise RemoteFault("it is no key and time")


def ready(landlock: int) -> Frame:
    """Tell that it is there, and which version of Landlock keeps it from files; 0 for none."""
    return _frame(Kind.READY, 0, landlock)


def unpack_ready(frame: Frame) -> int:
    """Read which version that is."""
    return _count(_unpack(frame, Kind.READY), least=0)


def accepted(number: int, curve_key: bytes, host: str) -> Frame:
    """Tell who has come; the first message follows."""
    return _frame(Kind.ACCEPTED, number, (curve_key, host))


def unpack_accepted(frame: Frame) -> tuple[bytes, str]:
    """Read which key came from where."""
    match _unpack(frame, Kind.ACCEPTED):
        case (bytes(key), str(host)) if len(key) == _KEY and len(host) <= MAX_TEXT:
            return key, host
    raise RemoteFault("it is no key and host")


def left(number: int, count: int) -> Frame:
    """Tell how many messages have left."""
    return _frame(Kind.LEFT, number, count)


def unpack_count(frame: Frame) -> int:
    """Read how many."""
    return _count(_unpack(frame, Kind.LEFT), least=1)


def ended(number: int, reason: str) -> Frame:
    """Tell why a connection is gone."""
    return _frame(Kind.ENDED, number, reason[:MAX_TEXT])


def unpack_text(frame: Frame) -> str:
    """Read a reason."""
    match _unpack(frame, Kind.ENDED):
        case str(reason) if len(reason) <= MAX_TEXT:
            return reason
    raise RemoteFault("it is no reason")


def bare(kind: Kind, number: int = 0) -> Frame:
    """Say what needs no more than that."""
    return Frame(kind, number, (b"",))


def _frame(kind: Kind, number: int, value: Plain) -> Frame:
    return Frame(kind, number, (pack(value),))


def _unpack(frame: Frame, kind: Kind) -> Plain:
    if frame.kind is not kind or len(frame.parts) != 1 or len(frame.parts[0]) > _MOST_SIZE:
        raise RemoteFault(f"a frame is no {kind.name}")
    return unpack(frame.parts[0])


def _count(value: Plain, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise RemoteFault("it is no count")
    return value
