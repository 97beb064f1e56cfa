"""Intake: the content of files into a store, each byte read once and named as it passes.

Small files become one block each, in batches. A larger one is written whole: the kernel fills it
while what has arrived is named (flow.py), or, of a pipe, from one buffer, a chunk at a time.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.content.dagpb import Link
from engine.content.filedag import FileDag
from engine.content.profile import PUBLISHED
from engine.errors import Refused
from engine.store.base import SMALL, ContentStore, FileWriter, Leaf
from engine.store.batch import Batch
from engine.values import dataclass


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

    def file(self, descriptor: int, size: int) -> Link:
        """Take a file from where it is open to its end.

        Raises: Refused when that is not `size` bytes; OSError when it cannot be read; Unavailable
        on a full disk.
        """
        if size <= SMALL:
            return self.small(_small_of(descriptor, size))
        writer = self._store.new_file()
        try:
            cut = _cut(writer.take(descriptor, size, PUBLISHED.chunk))
            _check_end(descriptor, cut.size, size)
            writer.commit(cut.link.cid, cut.leaves, cut.nodes)
        finally:
            writer.abort()  # harmless after the commit
        return cut.link

    def in_place(self, path: Path, descriptor: int, size: int) -> Link:
        """Index the file at `path`, open at its start, without copying it.

        Raises: Refused when it is not `size` bytes long.
        """
        if size <= SMALL:
            return self.small(_small_of(descriptor, size))
        cut = _cut(_pieces(descriptor, size))
        _check_end(descriptor, cut.size, size)
        self._store.adopt_in_place(path, cut.link.cid, cut.leaves, cut.nodes)
        return cut.link

    def stream(self, source: Source) -> tuple[Link, int]:
        """Take a file that is read to its end; return the link and its size.

        Raises: Unavailable on a full disk.
        """
        buffer = memoryview(bytearray(PUBLISHED.chunk))
        first = _fill(source, buffer)
        if first <= SMALL:
            return self.small(bytes(buffer[:first])), first
        writer = self._store.new_file()
        try:
            cut = _cut(_written(source, buffer, first, writer))
            writer.commit(cut.link.cid, cut.leaves, cut.nodes)
        finally:
            writer.abort()  # as above
        return cut.link, cut.size


def _cut(chunks: Iterable[bytes | memoryview]) -> Cut:
    """Name the chunks of a file; none is kept."""
    dag, leaves, nodes = FileDag(), list[Leaf](), list[Block]()
    for chunk in chunks:
        cid = Cid.of(RAW, chunk)
        leaves.append(Leaf(cid, dag.size, len(chunk)))
        nodes += dag.leaf(cid, len(chunk))
    link, last = dag.finish()
    return Cut(link, dag.size, tuple(leaves), (*nodes, *last))


def _small_of(descriptor: int, size: int) -> bytes:
    """Return all of a file that is `size` bytes long."""
    data = os.read(descriptor, size + 1)
    while len(data) < size and (more := os.read(descriptor, size + 1 - len(data))):
        data += more
    if len(data) != size:
        raise _changed(size)
    return data


def _pieces(descriptor: int, size: int) -> Iterator[bytes]:
    """Yield a file in leaves, to what was its end."""
    while size and (data := os.read(descriptor, min(size, PUBLISHED.chunk))):
        size -= len(data)
        yield data


def _check_end(descriptor: int, read: int, size: int) -> None:
    """Stop a file that shrank while it was read, or has grown."""
    if read != size or os.read(descriptor, 1):
        raise _changed(size)


def _changed(size: int) -> Refused:
    return Refused(f"it was {size} bytes long and changed while it was read", fix="try again")


def _written(
    source: Source, buffer: memoryview, filled: int, writer: FileWriter
) -> Iterator[memoryview]:
    """Yield what is in the buffer and what follows, a chunk at a time, each written."""
    while filled:
        writer.write(buffer[:filled])
        yield buffer[:filled]
        filled = _fill(source, buffer)


def _fill(source: Source, buffer: memoryview) -> int:
    """Read until `buffer` is full or nothing is left; return how much is in it."""
    filled = 0
    while filled < len(buffer) and (got := source.readinto(buffer[filled:])):
        filled += got
    return filled
