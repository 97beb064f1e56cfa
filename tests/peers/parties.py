"""Peers that can introduce themselves, with keys that are the same in every run."""

from peers.certificate import CERTIFICATE, Certificate
from peers.hello import Party
from peers.session import Session
from peers.session_events import Accepted, Action, Dialled, Received, Send
from peers.signed import seal
from tests.peers.keys import identity

WALL_MS = 1_800_000_000_000
DAY_MS = 24 * 3600 * 1000


def curve_key(number: int) -> bytes:
    """Return the CURVE key of some peer, as far as a session can tell."""
    return bytes([number]) * 32


def certificate(number: int, key: bytes, begins_ms: int = WALL_MS) -> bytes:
    """Return the word of peer `number` that `key` is its own, for one day."""
    said = Certificate(key, begins_ms, begins_ms + DAY_MS, 1)
    return seal(CERTIFICATE, said, identity(number)).data


def party(number: int, versions: tuple[int, ...] = (1,)) -> Party:
    """Return peer `number`."""
    key = curve_key(number)
    return Party(identity(number), certificate(number, key), key, versions)


def frames(actions: tuple[Action, ...]) -> tuple[bytes, ...]:
    """Return the only message there is to send."""
    (sent,) = [action.frames for action in actions if isinstance(action, Send)]
    return sent


def received(message: tuple[bytes, ...], at_ms: int = 0, wall_ms: int = WALL_MS) -> Received:
    """Return that a message came."""
    return Received(at_ms, wall_ms, message)


def pair(**options: object) -> tuple[Session, Session]:
    """Return the two sessions of a connection from peer 1 to peer 2 that know each other."""
    dialler = Session(party(1), curve_key(2))
    listener = Session(party(2), curve_key(1), **options)
    first = frames(dialler.take(Dialled(0, bytes(16))))
    listener.take(Accepted(0, b"n" * 16))
    second = frames(listener.take(received(first)))
    dialler.take(received(second))
    return dialler, listener
