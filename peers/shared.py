"""Shared: places in memory of two processes, so that large parts do not go through a socket.

One process puts a part into a free place and says which by a frame; the other takes it out and
frees the place. The size of the memory is sealed: neither can take it away from the other, and
what is checked is a copy that only its owner has.
"""

import fcntl
import mmap
import os
from typing import Final

from peers.envelope import MAX_FRAME
from peers.errors import RemoteFault

PLACES: Final = 4  # of one direction: 8 MiB on their way; what finds none free goes by the socket

_SIZE: Final = PLACES * (MAX_FRAME + 1)  # a byte of each says whether it is taken
_SEALS: Final = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


def shared() -> int:
    """Return the descriptor of new memory."""
    number = os.memfd_create("parts", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(number, _SIZE)
    fcntl.fcntl(number, fcntl.F_ADD_SEALS, _SEALS)
    return number


class Shared:
    """The places of one direction."""

    def __init__(self, number: int) -> None:
        """Use the memory of a descriptor, which is closed."""
        self._memory = mmap.mmap(number, _SIZE)
        os.close(number)

    def put(self, part: bytes | memoryview) -> int | None:
        """Copy a part to a free place; return which, or None if there is none."""
        for place in range(PLACES):
            if not self._memory[_flag(place)]:
                start = place * MAX_FRAME
                self._memory[start : start + len(part)] = part
                self._memory[_flag(place)] = 1
                return place
        return None

    def at(self, place: int, size: int) -> memoryview:
        """Return what is in a place, until it is freed.

        Raises: RemoteFault when there is no such place.
        """
        if place >= PLACES or size > MAX_FRAME:
            raise RemoteFault("there is no such place")
        start = place * MAX_FRAME
        return memoryview(self._memory)[start : start + size]

    def free(self, place: int) -> None:
        """Let a place be used again."""
        self._memory[_flag(place)] = 0


def _flag(place: int) -> int:
    return PLACES * MAX_FRAME + place
