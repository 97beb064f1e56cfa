"""BundleRecords: the records of a bundle, read where they stand in its file.

So that they can be judged before anything of the bundle is stored. They are names with places, not
copies: a bundle may be larger than memory.

>>> records = BundleRecords(stream, behind=store)                        # doctest: +SKIP
>>> [RUN.decode(records.get(cid)) for cid in records.runs]               # doctest: +SKIP
"""

from collections.abc import Iterable
from typing import BinaryIO

from engine.bundle import wanted
from engine.content import car
from engine.content.blocks import Block, BlockStore
from engine.content.cid import DAG_CBOR, Cid
from engine.content.schema import kind_of
from engine.errors import Damaged
from engine.nix.records import ENVIRONMENT
from engine.run import RUN


class BundleRecords:
    """A BlockStore of what a file has, then of another store, only read. For one thread."""

    def __init__(self, stream: BinaryIO, behind: BlockStore) -> None:
        """Read a bundle to its end, from where the stream is; each block is checked.

        Raises: Refused when it is no bundle; Damaged when it is changed or cut short.
        """
        self.runs: list[Cid] = []
        self.environments: list[Cid] = []
        self._stream = stream
        self._behind = behind
        self._places: dict[Cid, tuple[int, int]] = {}  # where its bytes begin, and how many
        begin, reader = stream.tell(), car.Reader(stream)
        self.roots = reader.roots
        for block in wanted(reader):
            if block.cid.codec == DAG_CBOR:
                size = len(block.data)
                self._places[block.cid] = (begin + reader.at - size, size)
                kind = kind_of(block.data)
                if kind == RUN.kind:
                    self.runs.append(block.cid)
                elif kind == ENVIRONMENT.kind:
                    self.environments.append(block.cid)

    def get(self, cid: Cid) -> bytes:
        """Return the bytes of a record.

        Raises: Unavailable when it is not here; Damaged when it has changed.
        """
        if cid not in self._places:
            return self._behind.get(cid)
        at, size = self._places[cid]
        self._stream.seek(at)
        data = self._stream.read(size)
        if not cid.matches(data):
            raise Damaged("the bundle changed while it was read", where=str(cid))
        return data

    def has(self, cid: Cid) -> bool:
        """Return whether `get` would find a record."""
        return cid in self._places or self._behind.has(cid)

    def put(self, blocks: Iterable[Block]) -> None:
        """ValueError: a bundle is only read."""
        raise ValueError("a bundle is only read")
