"""Sockets: what every ZeroMQ socket here has set, and taking and giving messages without waiting.

This, line.py, door.py and transport.py are the files that know ZeroMQ.
"""

import itertools
from collections.abc import Iterator
from typing import Final, cast

import zmq
from nacl.public import PrivateKey
from zmq.utils.monitor import parse_monitor_message

from peers.connection import Channel
from peers.envelope import MAX_FRAME, MAX_FRAMES
from peers.listening import BUFFER

MAX_TURN: Final = 64  # messages of one socket before the next has its turn
TURN_SIZE: Final = 4 * 2**20  # bytes of a turn, and of one channel before what came is dealt with
LENT: Final = 64 * 1024  # bytes of a frame that is worth it
GONE: Final = "the connection ended"
ENDLESS: Final = "it sends a message without end"

QUEUE: Final = {Channel.CONTROL: 64, Channel.BULK: 2}  # messages of one connection, each way

_EVERY: Final[dict[int, int | bytes]] = {
    zmq.MAXMSGSIZE: MAX_FRAME,  # without it a stranger fills the memory before any handshake
    zmq.RCVBUF: BUFFER,
    zmq.SNDBUF: BUFFER,
    zmq.HANDSHAKE_IVL: 5_000,
    zmq.HEARTBEAT_IVL: 5_000,
    zmq.HEARTBEAT_TIMEOUT: 15_000,
    zmq.HEARTBEAT_TTL: 30_000,
    zmq.TCP_KEEPALIVE: 1,
    zmq.TCP_KEEPALIVE_IDLE: 60,
    zmq.RECONNECT_IVL: 100,
    zmq.RECONNECT_IVL_MAX: 30_000,
    zmq.IMMEDIATE: 1,  # nothing waits for a connection that is not there
    zmq.LINGER: 0,
    zmq.IPV6: 1,
}


def prepare(
    one: "zmq.Socket[bytes]", secret: bytes, channel: Channel, options: dict[int, int | bytes]
) -> None:
    """Set what every socket has, its key, how much it queues, and what is its own."""
    keys: dict[int, int | bytes] = {
        zmq.CURVE_SECRETKEY: secret,
        zmq.CURVE_PUBLICKEY: bytes(PrivateKey(secret).public_key),
    }
    queues: dict[int, int | bytes] = {zmq.RCVHWM: QUEUE[channel], zmq.SNDHWM: QUEUE[channel]}
    for option, value in {**_EVERY, **queues, **keys, **options}.items():
        one.setsockopt(option, value)


def received(one: "zmq.Socket[bytes]") -> list[bytes] | None:
    """Return the frames of a message, or None when there is none."""
    try:
        return one.recv_multipart(zmq.NOBLOCK)
    except zmq.Again:
        return None


def content(frame: zmq.Frame, *, is_lent: bool) -> bytes:
    """Return what is in a frame: a copy, or, of a large one that is lent, the memory itself.

    That is no `bytes`, but can be measured and written on; and nothing else is done with it.
    """
    return cast("bytes", frame.buffer) if is_lent and len(frame) >= LENT else frame.bytes


def lent(one: "zmq.Socket[bytes]") -> list[bytes] | None:
    """Return the frames of a message, of which large ones are lent; None when there is none."""
    try:
        return [content(one, is_lent=True) for one in one.recv_multipart(zmq.NOBLOCK, copy=False)]
    except zmq.Again:
        return None


def rest(one: "zmq.Socket[bytes]", *, is_more: bool, is_lent: bool) -> Iterator[bytes]:
    """Return the other frames of a message; of those over the bound, nothing is kept."""
    for count in itertools.count(2):
        if not is_more:
            return
        frame = one.recv(zmq.NOBLOCK, copy=False)
        is_more = frame.more
        if count <= MAX_FRAMES + 1:
            yield content(frame, is_lent=is_lent)


def told(frame: zmq.Frame, name: str) -> str:
    """Return what the other end said of itself in the handshake; "?" for what is no text."""
    try:
        return str(frame.get(name))
    except zmq.ZMQError:
        return ""
    except UnicodeDecodeError:
        return "?"


def sent(one: "zmq.Socket[bytes]", frames: tuple[bytes, ...]) -> bool:
    """Send a message if it can go at once; that a connection is gone, its monitor will say."""
    try:
        one.send_multipart(frames, zmq.NOBLOCK)
    except zmq.ZMQError:  # the queue is full, or there is no connection
        return False
    return True


def happened(monitor: "zmq.Socket[bytes]") -> Iterator[tuple[int, int]]:
    """Return the events of a socket and their values."""
    while (frames := received(monitor)) is not None:
        message = parse_monitor_message(frames)
        yield int(message["event"]), int(message["value"])


def bracketed(host: str) -> str:
    """Return a host as it stands in an endpoint."""
    return f"[{host}]" if ":" in host else host
