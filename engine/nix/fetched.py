"""Fetched: the NAR of one store path as a store has it, unpacked and then known to be in the tree.

The leaves that it was read from say where each of its blocks lies in the NAR, so that the store
can make them from the tree: nothing is read again for that.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from engine.content import reader
from engine.content.blocks import Leaf
from engine.content.cid import Cid
from engine.content.reader import Get
from engine.errors import Damaged
from engine.nix.records import ClosurePath
from engine.nix.unpack import unpack

_SMALLEST: Final = 64 * 1024  # bytes of a leaf, on average: few nodes can spell millions of them
_MORE: Final = 16  # leaves that any NAR may have besides


class Fetched:
    """A NAR to be unpacked once."""

    def __init__(self, get: Get, nar: Cid) -> None:
        self._get = get
        self._nar = nar
        self.leaves: tuple[Leaf, ...] | None = None  # once unpacked; None: not all of it is leaves

    def to(self, path: ClosurePath, place: Path) -> None:
        """Make the tree of `path` at `place`.

        Raises: Damaged, naming the store path, when it is not what `path` says; what `get` raises.
        """
        leaves = self._find()
        chunks = reader.read(self._get, self._nar) if leaves is None else self._read(leaves)
        unpack(chunks, path, place)
        self.leaves = leaves

    def _find(self) -> tuple[Leaf, ...] | None:
        """Return what the NAR is cut into; None when it is cut too small, or not into leaves."""
        size = reader.stat(self._get, self._nar).size
        found: list[Leaf] = []
        end = 0
        try:
            for cid, length in reader.leaves(self._get, self._nar, size):
                if len(found) > size // _SMALLEST + _MORE:
                    return None
                found.append(Leaf(cid, end, length))
                end += length
        except Damaged:  # no file, or bytes beside its leaves: who reads all of it says so
            return None
        return tuple(found)

    def _read(self, leaves: tuple[Leaf, ...]) -> Iterator[bytes]:
        for leaf in leaves:
            data = self._get(leaf.cid)
            if len(data) != leaf.length:
                raise Damaged("a NAR whose blocks are not as long as it says", where=str(self._nar))
            yield data
