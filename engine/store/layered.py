"""Layered: look near, then far, and keep near what was found far."""

from collections.abc import Iterable

from engine.content.blocks import Block, BlockStore
from engine.content.cid import Cid
from engine.errors import Damaged, Unavailable


class Layered:
    """A BlockStore of two: one that is ours and quick, one that is elsewhere.

    What comes from far is put near, which checks it: wrap a far store that does not check in
    Verifying all the same, so that nobody is handed wrong bytes first.
    """

    def __init__(self, near: BlockStore, far: BlockStore) -> None:
        self._near = near
        self._far = far

    def get(self, cid: Cid) -> bytes:
        """Return the bytes of `cid`; a copy that is damaged near is healed from far.

        Raises: Unavailable when neither has it; Damaged when it is nowhere whole.
        """
        try:
            return self._near.get(cid)
        except (Unavailable, Damaged) as error:
            return self._fetch(cid, error)

    def _fetch(self, cid: Cid, nearby: Unavailable | Damaged) -> bytes:
        try:
            data = self._far.get(cid)
        except Unavailable:
            raise nearby from None
        self._near.put([Block(cid, data)])
        return data

    def put(self, blocks: Iterable[Block]) -> None:
        """Keep blocks near.

        Raises: Damaged for a block that does not match its name; Unavailable on a full disk.
        """
        self._near.put(blocks)

    def has(self, cid: Cid) -> bool:
        """Return whether either has `cid`."""
        return self._near.has(cid) or self._far.has(cid)
