"""Verifying: a store that believes another one only as far as the hashes go.

For stores that are not ours: an IPFS node, a peer, a disk somebody else writes to.
"""

from collections.abc import Iterable

from engine.content.blocks import Block, BlockStore
from engine.content.cid import Cid
from engine.store.blocks import check


class Verifying:
    """A BlockStore around another: bytes must match their names, both ways."""

    def __init__(self, store: BlockStore) -> None:
        self._store = store

    def get(self, cid: Cid) -> bytes:
        """Return the bytes of `cid`.

        Raises: Damaged when the store gave others or too many; Unavailable when it has none.
        """
        return check(Block(cid, self._store.get(cid)))[1]

    def put(self, blocks: Iterable[Block]) -> None:
        """Hand on blocks that match their names.

        Raises: Damaged for one that does not, before it is handed on.
        """
        self._store.put(Block(*check(block)) for block in blocks)

    def has(self, cid: Cid) -> bool:
        """Return what the store says it has."""
        return self._store.has(cid)
