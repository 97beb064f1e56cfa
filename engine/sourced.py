"""Sourced: a store that has from elsewhere, block by block, what is asked of it and not here.

For whoever needs little of much: a listing, the record of a run, the log of one step.
"""

from collections.abc import Iterable

from engine.content.blocks import Block, BlockStore
from engine.content.cid import Cid
from engine.sources import Sources


class Sourced:
    """A BlockStore (engine/content/blocks.py) of which only a part is here. For one thread."""

    def __init__(self, store: BlockStore, sources: Sources, within: Cid | None) -> None:
        """Ask `sources` for parts of one public root, or for each by its own name."""
        self._store = store
        self._sources = sources
        self._within = within

    def get(self, cid: Cid) -> bytes:
        """Return the bytes of `cid`, which are then here.

        Raises: NotHere when nobody has them; Damaged when they are wrong wherever they are.
        """
        return self._sources.get(cid, self._within)

    def put(self, blocks: Iterable[Block]) -> None:
        """Keep blocks here.

        Raises: as the store does.
        """
        self._store.put(blocks)

    def has(self, cid: Cid) -> bool:
        """Return whether it is here already."""
        return self._store.has(cid)
