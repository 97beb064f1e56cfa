"""Batch: many small blocks, one durable write, while the next are being made.

A store makes every `put` durable, which costs a disk flush however little is in it. Blocks wait
here until there are enough of them; a thread then puts them, so that whoever makes blocks does not
wait for the disk. Nothing may name them before `flush` has returned.
"""

from collections.abc import Iterable
from threading import Thread
from typing import Final

from engine.content.blocks import Block, BlockStore

MAX_BYTES: Final = 4 * 1024 * 1024  # held in memory twice: two of the largest blocks, or 64 files
MAX_BLOCKS: Final = 1000  # rows in one commit; more gain nothing (a flush is then 1 % of it)


class Batch:
    """Blocks on their way into a store, for one thread."""

    def __init__(self, store: BlockStore) -> None:
        self._store = store
        self._blocks: list[Block] = []
        self._bytes = 0
        self._putting: Thread | None = None
        self._fault: BaseException | None = None  # of a put that nobody waited for

    def put(self, blocks: Iterable[Block]) -> None:
        """Take blocks; a batch that is full is on its way to the disk when this returns.

        Raises: Unavailable on a full disk, which may be the fault of blocks that came before.
        """
        for block in blocks:
            self._blocks.append(block)
            self._bytes += len(block.data)
            if self._bytes >= MAX_BYTES or len(self._blocks) >= MAX_BLOCKS:
                self._hand_over()

    def flush(self) -> None:
        """Make everything durable that was put.

        Raises: Unavailable on a full disk.
        """
        self._await()
        if self._blocks:
            self._store.put(self._taken())

    def _hand_over(self) -> None:
        self._await()
        self._putting = Thread(target=self._put, args=(self._taken(),))
        self._putting.start()

    def _taken(self) -> list[Block]:
        blocks, self._blocks, self._bytes = self._blocks, [], 0
        return blocks

    def _put(self, blocks: list[Block]) -> None:
        try:
            self._store.put(blocks)
        except BaseException as error:  # whatever it is, it is raised where it can be handled
            self._fault = error

    def _await(self) -> None:
        if self._putting is not None:
            self._putting.join()
            self._putting = None
        if self._fault is not None:
            raise self._fault
