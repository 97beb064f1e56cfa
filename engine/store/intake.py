"""Intake: the content of files into a store, named as it passes.

Small files become one block each, in batches. Larger ones are written whole, a chunk at a time,
from one buffer for all of them: a file is read once, whatever its size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.content.dagpb import Link
from engine.content.filedag import FileDag
from engine.content.profile import PUBLISHED
from engine.errors import Refused
from engine.store.base import SMALL, ContentStore, Leaf
from engine.store.batch import Batch


class Source(Protocol):
    """What is read: an open file, a pipe."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill some of `buffer` and say how much; 0 at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Cut:
    """A file cut into blocks: the link to it, how large it is, its leaves, and the nodes above."""

    link: Link
    size: int
    leaves: tuple[Leaf, ...]
    nodes: tuple[Block, ...]


class Intake:
    """Takes files, one at a time, from one thread. Small ones are durable after `flush`."""

    def __init__(self, store: ContentStore) -> None:
        self.batch = Batch(store)
        self._store = store
        self._buffer = memoryview(bytearray(PUBLISHED.chunk))

    def flush(self) -> None:
        """Make everything durable that was taken.

        Raises: Unavailable on a full disk.
        """
        self.batch.flush()

    def small(self, data: bytes) -> Link:
        """Take a file of at most SMALL bytes."""
        block = PUBLISHED.block(RAW, data)
        self.batch.put([block])
        return Link("", block.cid, len(data))

    def stream(self, source: Source, size: int | None = None) -> tuple[Link, int]:
        """Take a file that is read to its end; return the link and its size.

        Raises: Refused when it is not `size` bytes long; Unavailable on a full disk.
        """
        first = _fill(source, self._buffer)
        if first <= SMALL:
            _check_size(first, size, at_end=True)
            return self.small(bytes(self._buffer[:first])), first
        writer = self._store.new_file()
        try:
            cut = self._cut(source, first, writer.write, size)
            writer.commit(cut.link.cid, cut.leaves, cut.nodes)
        finally:
            writer.abort()  # harmless after the commit
        return cut.link, cut.size

    def in_place(self, path: Path, source: Source, size: int) -> tuple[Link, int]:
        """Index the file at `path`, which `source` reads, without copying it.

        Raises: Refused when it is not `size` bytes long.
        """
        first = _fill(source, self._buffer)
        if first <= SMALL:
            _check_size(first, size, at_end=True)
            return self.small(bytes(self._buffer[:first])), first
        cut = self._cut(source, first, lambda _: None, size)
        self._store.adopt_in_place(path, cut.link.cid, cut.leaves, cut.nodes)
        return cut.link, cut.size

    def _cut(
        self, source: Source, filled: int, write: Callable[[memoryview], None], size: int | None
    ) -> Cut:
        """Cut what is in the buffer and what follows; give every chunk to `write`."""
        dag, leaves, nodes = FileDag(), list[Leaf](), list[Block]()
        while filled:
            chunk = self._buffer[:filled]
            write(chunk)
            cid = Cid.of(RAW, chunk)
            leaves.append(Leaf(cid, dag.size, filled))
            nodes += dag.leaf(cid, filled)
            _check_size(dag.size, size, at_end=False)
            filled = _fill(source, self._buffer)
        _check_size(dag.size, size, at_end=True)
        link, last = dag.finish()
        return Cut(link, dag.size, tuple(leaves), (*nodes, *last))


def _check_size(read: int, size: int | None, *, at_end: bool) -> None:
    """Stop a file that grows while it is read, or shrank."""
    if size is not None and (read > size or (at_end and read < size)):
        raise Refused(f"it was {size} bytes long and changed while it was read", fix="try again")


def _fill(source: Source, buffer: memoryview) -> int:
    """Read until `buffer` is full or nothing is left; return how much is in it."""
    filled = 0
    while filled < len(buffer) and (got := source.readinto(buffer[filled:])):
        filled += got
    return filled
