"""Network frames: what goes between a node and the process that has its sockets. Pure.

A frame is a head of 18 bytes and one or two parts: lengths of the first and the second (all ones:
there is none), kind, where the last part is, and the id of a connection. Large parts are in memory
that both ends share (shared.py), or follow, and are read to where they stay. Neither end trusts the
other with its memory: each part has a bound.

>>> outgoing, incoming = Outgoing(), Incoming()
>>> outgoing.add(Frame(Kind.MESSAGE, 6, (b"envelope", b"body")))
>>> data = b"".join(outgoing.next())
>>> incoming.space()[:len(data)] = data
>>> incoming.took(len(data))
[Frame(kind=<Kind.MESSAGE: 3>, id=6, parts=(b'envelope', b'body'), place=None)]
"""

import struct
from collections import deque
from enum import IntEnum
from io import BytesIO
from itertools import islice
from typing import Final, NamedTuple

from peers.envelope import MAX_FRAME
from peers.errors import RemoteFault

_HEAD: Final = struct.Struct(">IIBBQ")
_NONE: Final = 2**32 - 1
_SCRATCH: Final = 64 * 1024  # bytes read at once, of small frames
_MOST_PARTS: Final = 64  # buffers written at once; the system takes 1 024


class Kind(IntEnum):
    """What a frame is about."""

    START = 1  # to the process, from here on ...
    DIAL = 2
    MESSAGE = 3  # both ways
    CUT = 4
    SHUT_OUT = 5
    READY = 6  # from the process, from here on: first this, and now and then again
    CONNECTED = 7
    ACCEPTED = 8
    LEFT = 9
    ENDED = 10


class Place(NamedTuple):
    """Where a part is that is not in the frame."""

    number: int
    size: int


class Frame(NamedTuple):
    """One thing that is said."""

    kind: Kind
    id: int  # of a connection, below 2^64; 0 for none
    parts: tuple[bytes, ...]  # one or two, with the one that is elsewhere
    place: Place | None = None  # of the last part


class Outgoing:
    """What is still to be written."""

    def __init__(self) -> None:
        self._buffers: deque[bytes | memoryview] = deque()

    def __bool__(self) -> bool:
        return bool(self._buffers)

    def add(self, frame: Frame) -> None:
        """Have a frame written after those before it."""
        sizes = [*map(len, frame.parts), *([frame.place.size] if frame.place else [])]
        first, second = (*sizes, _NONE)[:2]
        place = frame.place.number + 1 if frame.place else 0
        self._buffers.append(_HEAD.pack(first, second, frame.kind, place, frame.id))
        self._buffers.extend(part for part in frame.parts if part)

    def next(self) -> list[bytes | memoryview]:
        """Return what to write now."""
        return list(islice(self._buffers, _MOST_PARTS))

    def wrote(self, count: int) -> None:
        """Take it that so many bytes were written."""
        while count and count >= len(self._buffers[0]):
            count -= len(self._buffers.popleft())
        if count:
            self._buffers[0] = memoryview(self._buffers[0])[count:]

    def clear(self) -> None:
        """Drop it all."""
        self._buffers.clear()


class _Large:
    """A part that is read to where it stays."""

    def __init__(self, size: int, begun: memoryview) -> None:
        self._buffer = BytesIO(bytes(size))
        self._view = self._buffer.getbuffer()
        self._view[: len(begun)] = begun
        self._filled = len(begun)

    @property
    def space(self) -> memoryview:
        return self._view[self._filled :]

    def took(self, count: int) -> bytes | None:
        """Return it, when it is whole; CPython does not copy it here."""
        self._filled += count
        if self._filled < len(self._view):
            return None
        self._view.release()
        return self._buffer.getvalue()


class _Begun:
    """A frame whose parts are still coming."""

    def __init__(self, data: memoryview) -> None:
        first, second, kind, place, number = _HEAD.unpack(data)
        self.id = int(number)
        sizes: tuple[int, ...] = (first,) if second == _NONE else (first, second)
        if max(sizes) > MAX_FRAME:
            raise RemoteFault(f"a part has over {MAX_FRAME} bytes")
        try:
            self.kind = Kind(kind)
        except ValueError:
            raise RemoteFault(f"there is no kind {kind}") from None
        self._place = Place(place - 1, sizes[-1]) if place else None
        self._sizes = sizes[:-1] if place else sizes
        self.parts: tuple[bytes, ...] = ()

    @property
    def size(self) -> int:
        """Of the part that comes next."""
        return self._sizes[len(self.parts)]

    @property
    def frame(self) -> Frame | None:
        """The frame, when it is whole."""
        whole = len(self.parts) == len(self._sizes)
        return Frame(self.kind, self.id, self.parts, self._place) if whole else None


class Incoming:
    """What was read, up to where it makes no whole frame yet."""

    def __init__(self) -> None:
        self._scratch = memoryview(bytearray(_SCRATCH))
        self._end = 0  # of what is in it
        self._begun: _Begun | None = None
        self._large: _Large | None = None

    def space(self) -> memoryview:
        """Return where to read the next bytes to; it is never empty."""
        return self._large.space if self._large else self._scratch[self._end :]

    def took(self, count: int) -> list[Frame]:
        """Take it that so many bytes were read there; return the frames that are whole.

        Raises: RemoteFault for what is none.
        """
        frames: list[Frame] = []
        if self._large:
            if (part := self._large.took(count)) is not None:
                self._large = None
                self._add(part, frames)
            count = 0
        self._end += count
        at = 0
        while (size := self._parsed(at, frames)) is not None:
            at += size
        if self._large:
            at = self._end
        self._scratch[: self._end - at] = self._scratch[at : self._end]
        self._end -= at
        return frames

    def _parsed(self, at: int, frames: list[Frame]) -> int | None:
        """Take a head or a part from the scratch; return its size, or None if it is not whole."""
        have = self._end - at
        if self._begun is None:
            if have < _HEAD.size:
                return None
            self._begun = _Begun(self._scratch[at : at + _HEAD.size])
            self._end_of(frames)
            return _HEAD.size
        size = self._begun.size
        if size <= have:
            self._add(bytes(self._scratch[at : at + size]), frames)
            return size
        if size > _SCRATCH // 2 and self._large is None:
            self._large = _Large(size, self._scratch[at : self._end])
        return None

    def _add(self, part: bytes, frames: list[Frame]) -> None:
        if self._begun:
            self._begun.parts = (*self._begun.parts, part)
            self._end_of(frames)

    def _end_of(self, frames: list[Frame]) -> None:
        """Take the frame that is coming, if it is whole."""
        if self._begun and (frame := self._begun.frame):
            self._begun = None
            frames.append(frame)
