"""MemoryStore: blocks in memory, for tests and for content on its way."""

from collections.abc import Iterable, Sequence

from engine.content.blocks import MAX_BLOCK, Block
from engine.content.cid import Cid
from engine.errors import NotHere
from engine.store.blocks import check


class MemoryStore:
    """A BlockStore that ends with the process."""

    def __init__(self) -> None:
        self._blocks: dict[Cid, bytes] = {}

    def get(self, cid: Cid) -> bytes:
        """Return the bytes of `cid`.

        Raises: Unavailable when they are not here.
        """
        try:
            return cid.check(self._blocks[cid])
        except KeyError:
            raise NotHere(f"block {cid} is not here", fix="put it, or look elsewhere") from None

    def put(self, blocks: Iterable[Block]) -> None:
        """Keep blocks.

        Raises: Damaged for a block that does not match its name; Refused for one over 2 MiB.
        """
        for block in blocks:
            cid, data = check(block)
            self._blocks[cid] = bytes(data)

    def has(self, cid: Cid) -> bool:
        """Return whether `get` would find `cid`."""
        return cid in self._blocks

    def get_many(self, cids: Sequence[Cid], longest: int = MAX_BLOCK) -> dict[Cid, bytes]:
        """Return those blocks that are here and right, of at most `longest` bytes."""
        here = {cid: self._blocks[cid] for cid in cids if cid in self._blocks}
        return {c: data for c, data in here.items() if len(data) <= longest and c.matches(data)}

    def has_many(self, cids: Sequence[Cid]) -> set[Cid]:
        """Return those that `has` would find."""
        return {cid for cid in cids if cid in self._blocks}
