"""Relay messages: how peers ask to be reached through another, and to reach one so. Pure.

A peer asks a relay to be kept; another asks it for that peer, and is told by which token; and the
relay calls the first one. Certificates come as bytes that nobody has checked: whoever dials does.

>>> read_reach(plain.unpack(write_reach(PeerId(bytes(32)), Channel.BULK)))
Reach(peer=PeerId(key=b'...'), channel=<Channel.BULK: 'bulk'>)
"""

from typing import Final, NamedTuple, NoReturn

from engine.errors import Damaged, Refused
from peers import plain
from peers.certificate import CERTIFICATE, CURVE_BYTES
from peers.connection import Channel
from peers.errors import RemoteFault
from peers.identity import KEY_BYTES, PeerId
from peers.messages import Subject, notice, request
from peers.plain import Plain, bytes_of
from peers.relay import TOKEN
from peers.signed import unseal

KEEP_TYPE: Final = request(Subject.RELAY)
REACH_TYPE: Final = request(Subject.RELAY + 1)
CALL_TYPE: Final = notice(Subject.RELAY + 2)
MAX_WHY: Final = 500  # characters
MAX_CERTIFICATE: Final = 1_024  # bytes, signed; one has a third of that

_CHANNELS: Final = (Channel.CONTROL, Channel.BULK)


class Reach(NamedTuple):
    """Somebody wants a line to a peer that is kept."""

    peer: PeerId
    channel: Channel


class Berth(NamedTuple):
    """Where a relay takes a stream, and by which token."""

    port: int  # on the host of the relay's address
    token: bytes


class Granted(NamedTuple):
    """The peer is there: its relay has called it."""

    berth: Berth
    certificate: bytes  # signed, of the peer that is wanted; unchecked


class Call(NamedTuple):
    """Somebody wants a line to this peer."""

    asker: PeerId
    channel: Channel
    berth: Berth


def write_keep(certificate: bytes) -> bytes:
    """Return the body by which a peer asks to be kept."""
    return plain.pack((certificate,))


def read_keep(body: Plain) -> bytes:
    """Return the signed certificate of who asks to be kept, unchecked."""
    (certificate,) = _fields(body, 1)
    return bytes_of(certificate, 1, MAX_CERTIFICATE)


def write_kept(why_not: str) -> bytes:
    """Return the answer to who asks to be kept: "" for yes."""
    return plain.pack((why_not[:MAX_WHY],))


def read_kept(body: Plain) -> str:
    """Return why a peer is not kept, or ""."""
    (why_not,) = _fields(body, 1)
    return _why(why_not)


def write_reach(wanted: PeerId, channel: Channel) -> bytes:
    """Return the body by which a peer asks for another one."""
    return plain.pack((wanted.key, _CHANNELS.index(channel)))


def read_reach(body: Plain) -> Reach:
    """Return whom somebody asks for."""
    wanted, channel = _fields(body, 2)
    return Reach(_peer(wanted), _channel(channel))


def write_granted(answer: Granted | str) -> bytes:
    """Return the answer to who asks for another peer: a text says why not."""
    if isinstance(answer, str):
        return plain.pack((0, answer[:MAX_WHY]))
    return plain.pack((1, *answer.berth, answer.certificate))


def read_granted(body: Plain) -> Granted:
    """Return how to come to the peer that was asked for.

    Raises: Refused with what the relay says when there is no way.
    """
    if isinstance(body, tuple) and body and body[0] == 0:
        raise Refused(_why(_fields(body, 2)[1]), fix="look for another way to it")
    is_granted, port, token, certificate = _fields(body, 4)
    if is_granted != 1:
        _refuse("it grants nothing and refuses nothing")
    return Granted(_berth(port, token), bytes_of(certificate, 1, MAX_CERTIFICATE))


def write_call(call: Call) -> bytes:
    """Return the notice to a peer that somebody asks for."""
    return plain.pack((call.asker.key, _CHANNELS.index(call.channel), *call.berth))


def read_call(body: Plain) -> Call:
    """Return who asks for us, and where we meet."""
    asker, channel, port, token = _fields(body, 4)
    return Call(_peer(asker), _channel(channel), _berth(port, token))


def curve_key(certificate: bytes, of: PeerId) -> bytes:
    """Return the key of a peer's connections; that its certificate is in force, its Hello says.

    Raises: RemoteFault when it is not that peer who signed it.
    """
    try:
        certified = unseal(CERTIFICATE, certificate)
    except Damaged as damaged:
        _refuse(f"a certificate does not hold: {damaged.what}")
    if certified.signer != of or len(certified.value.curve_key) != CURVE_BYTES:
        _refuse("a certificate is not signed by whom it is for")
    return certified.value.curve_key


def _fields(body: Plain, count: int) -> tuple[Plain, ...]:
    if not isinstance(body, tuple) or len(body) != count:
        _refuse(f"no array of {count}")
    return body


def _peer(value: Plain) -> PeerId:
    return PeerId(bytes_of(value, KEY_BYTES, KEY_BYTES))


def _channel(value: Plain) -> Channel:
    if type(value) is not int or not 0 <= value < len(_CHANNELS):
        _refuse("no channel")
    return _CHANNELS[value]


def _berth(port: Plain, token: Plain) -> Berth:
    if type(port) is not int or not 0 < port < 2**16:
        _refuse("no port")
    return Berth(port, bytes_of(token, TOKEN, TOKEN))


def _why(value: Plain) -> str:
    if type(value) is not str or len(value) > MAX_WHY:
        _refuse(f"no reason of up to {MAX_WHY} characters")
    return value


def _refuse(what: str) -> NoReturn:
    raise RemoteFault(f"a malformed message about relays: {what}")
