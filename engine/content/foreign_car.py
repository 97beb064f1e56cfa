"""ForeignCar: the blocks of a CAR v1 whose names may have any form, from a stream. Pure.

Unlike a bundle of ours (car.py) it is not read for its own sake: what is in it is only what
somebody was asked for, and whether all of that came is for whoever asked to see.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from engine.content.blocks import MAX_BLOCK
from engine.content.foreign_cid import MAX_NAME, ForeignCid
from engine.content.protobuf import read_varint
from engine.errors import Damaged, Unavailable

MAX_HEADER: Final = 4 * 1024  # bytes: it has the roots, which whoever asked knows
_LONGEST_SIZE: Final = 4  # bytes of a varint: 2**28 is more than any length here


def blocks(pieces: Iterable[bytes]) -> Iterator[tuple[ForeignCid, bytes]]:
    """Yield what a CAR has, each checked against its name.

    Raises: Damaged when it is malformed or a block is not what it is called; Refused for a name
    that cannot be checked; Unavailable when it breaks off.
    """
    stream = _Stream(pieces)
    stream.take(stream.length(MAX_HEADER) or 0)
    while (size := stream.length(MAX_BLOCK + MAX_NAME)) is not None:
        section = stream.take(size)
        name, at = ForeignCid.read(section)
        data = section[at:]
        if at > len(section) or len(data) > MAX_BLOCK or not name.matches(data):
            raise Damaged(f"{len(data)} bytes that are not what they are called", where=str(name))
        yield name, data


class _Stream:
    """Pieces of any lengths, read in lengths of the reader's."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def length(self, most: int) -> int | None:
        """Read a length; None at the end."""
        self._fill(_LONGEST_SIZE)
        if not self._rest:
            return None
        size, at = read_varint(self._rest[:_LONGEST_SIZE], 0)
        if size > most:
            raise Damaged(f"a part of {size} bytes where {most} are the most")
        self._rest = self._rest[at:]
        return size

    def take(self, size: int) -> bytes:
        self._fill(size)
        if len(self._rest) < size:
            raise Unavailable("what was sent breaks off", fix="try again")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def _fill(self, size: int) -> None:
        parts, have = [self._rest], len(self._rest)
        while have < size and (piece := next(self._pieces, None)) is not None:
            parts.append(piece)
            have += len(piece)
        self._rest = b"".join(parts)
