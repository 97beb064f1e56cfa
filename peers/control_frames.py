"""Control frames: how a command and the node of its home speak over a Unix socket. Pure.

A frame is four bytes that say its length, and then one plain value (plain.py).

>>> frames = Frames()
>>> frames.feed(frame(("status",)))
[('status',)]
"""

from typing import Final

from engine.errors import Damaged, Refused, TallyError, Unavailable
from peers import plain
from peers.errors import RemoteFault
from peers.plain import Plain

MAX_FRAME: Final = 8 * 1024 * 1024  # bytes: the steps of a few leases
MAX_ITEMS: Final = 500_000  # values in it

NAME: Final = "peer.sock"  # of the socket, in the home

_LENGTH: Final = 4
_FAMILIES: Final = {kind.__name__: kind for kind in (Damaged, Refused, Unavailable)}


def frame(value: Plain) -> bytes:
    """Return a value as it is sent.

    Raises: ValueError when it is too long.
    """
    body = plain.pack(value)
    if len(body) > MAX_FRAME:
        raise ValueError(f"a frame of {len(body)} bytes")
    return len(body).to_bytes(_LENGTH, "big") + body


class Frames:
    """The frames of one stream, as far as it has come."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Plain]:
        """Return the values that are whole now.

        Raises: RemoteFault for what is no frame.
        """
        self._buffer += data
        values = []
        while (end := self._end()) is not None:
            values.append(plain.unpack(bytes(self._buffer[_LENGTH:end]), max_items=MAX_ITEMS))
            del self._buffer[:end]
        return values

    def _end(self) -> int | None:
        """Return where the first frame ends, if all of it is here."""
        if len(self._buffer) < _LENGTH:
            return None
        length = int.from_bytes(self._buffer[:_LENGTH], "big")
        if length > MAX_FRAME:
            raise RemoteFault(f"a frame of over {MAX_FRAME} bytes")
        return _LENGTH + length if len(self._buffer) >= _LENGTH + length else None


def frame_of(error: TallyError) -> Plain:
    """Return how a node refuses something."""
    family = next((name for name, kind in _FAMILIES.items() if isinstance(error, kind)), "")
    return ("error", family, error.what, error.where, error.fix)


def error_of(value: Plain) -> TallyError | None:
    """Return the error that `frame_of` made a value of; None for another value."""
    match value:
        case ("error", str(family), str(what), str(where), str(fix)):
            return _FAMILIES.get(family, Unavailable)(what, where=where, fix=fix)
    return None
