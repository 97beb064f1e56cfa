"""Pending: a content store that holds small blocks back, so that many steps share one flush.

Whole files go to the store beneath at once, as they are too large to hold. What is held back is
named by records that are held back too: whoever takes the blocks puts all of them together.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from engine.content.blocks import MAX_BLOCK, Block, Leaf
from engine.content.cid import Cid
from engine.store.base import ContentStore, FileWriter

MAX_HELD: Final = 1024 * 1024  # bytes of one step; what has more is not waiting for a flush


class Pending:
    """The blocks of one step, on their way into a store. For one thread."""

    def __init__(self, store: ContentStore) -> None:
        self._store = store
        self._held: dict[Cid, Block] = {}
        self._bytes = 0

    def take(self) -> tuple[Block, ...]:
        """Return what is held back and hold it no more."""
        blocks = tuple(self._held.values())
        self._held, self._bytes = {}, 0
        return blocks

    def get(self, cid: Cid) -> bytes:
        """Return the bytes of `cid`.

        Raises: Unavailable and Damaged as the store beneath.
        """
        held = self._held.get(cid)
        return self._store.get(cid) if held is None else held.data

    def put(self, blocks: Iterable[Block]) -> None:
        """Hold blocks back, unless there are so many that they go on at once.

        Raises: Unavailable on a full disk.
        """
        for block in blocks:
            self._bytes += 0 if block.cid in self._held else len(block.data)
            self._held[block.cid] = block
        if self._bytes > MAX_HELD:
            self._store.put(self.take())

    def has(self, cid: Cid) -> bool:
        """Return whether `get` would find `cid`."""
        return cid in self._held or self._store.has(cid)

    def get_many(self, cids: Sequence[Cid], longest: int = MAX_BLOCK) -> dict[Cid, bytes]:
        """Return those blocks that are held back, or here and right in the store beneath."""
        held = {cid: self._held[cid].data for cid in cids if cid in self._held}
        here = {cid: data for cid, data in held.items() if len(data) <= longest}
        return here | self._store.get_many([cid for cid in cids if cid not in held], longest)

    def has_many(self, cids: Sequence[Cid]) -> set[Cid]:
        """Return those that `has` would find."""
        held = {cid for cid in cids if cid in self._held}
        return held | self._store.has_many([cid for cid in cids if cid not in held])

    def new_file(self) -> FileWriter:
        """Begin a whole file in the store beneath."""
        return self._store.new_file()

    def adopt_in_place(
        self, path: Path, root: Cid, leaves: Sequence[Leaf], nodes: Sequence[Block]
    ) -> None:
        """Index a user's own file in the store beneath."""
        self._store.adopt_in_place(path, root, leaves, nodes)

    def path_of(self, root: Cid) -> Path | None:
        """Return the store's own file of `root`, if there is one."""
        return self._store.path_of(root)
