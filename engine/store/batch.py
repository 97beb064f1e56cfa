"""Batch: many small blocks, one durable write.

A store makes every `put` durable, which costs a disk flush however little is in it. Blocks wait
here until there are enough of them. Nothing may name them before `flush` has returned.
"""

from collections.abc import Iterable
from typing import Final

from engine.content.blocks import Block, BlockStore

MAX_BYTES: Final = 4 * 1024 * 1024  # held in memory: two of the largest blocks, or 64 small files
MAX_BLOCKS: Final = 1000  # rows in one commit; more gain nothing (a flush is then 1 % of it)


class Batch:
    """Blocks on their way into a store, for one thread."""

    def __init__(self, store: BlockStore) -> None:
        self._store = store
        self._blocks: list[Block] = []
        self._bytes = 0

    def put(self, blocks: Iterable[Block]) -> None:
        """Take blocks; those that fill the batch are durable when this returns.

        Raises: Unavailable on a full disk.
        """
        for block in blocks:
            self._blocks.append(block)
            self._bytes += len(block.data)
            if self._bytes >= MAX_BYTES or len(self._blocks) >= MAX_BLOCKS:
                self.flush()

    def flush(self) -> None:
        """Make everything durable that was put.

        Raises: Unavailable on a full disk; the blocks are then still held.
        """
        if self._blocks:
            self._store.put(self._blocks)
            self._blocks, self._bytes = [], 0
