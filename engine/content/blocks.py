"""BlockStore: where named bytes are put and found again.

The protocol alone; the stores are in engine/store. Whoever needs blocks takes a BlockStore as an
argument and never asks which one it is.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from engine.content.cid import Cid
from engine.values import dataclass

MAX_BLOCK: Final = 2 * 1024 * 1024  # bytes; what Kubo and the wire refuse to go over
BATCH_BYTES: Final = 4 * 1024 * 1024  # put together; one flush of the disk for all of them


@dataclass(frozen=True, slots=True)
class Block:
    """Some bytes and their name, which whoever makes the Block has computed or checked."""

    cid: Cid
    data: bytes


@dataclass(frozen=True, slots=True)
class Checked(Block):
    """A block whose bytes were hashed in this process: no store does so again.

    Made by `of` and `made` alone.
    """

    @classmethod
    def of(cls, cid: Cid, data: bytes) -> "Checked | None":
        """Return a block if its bytes match its name."""
        return cls(cid, data) if cid.matches(data) else None

    @classmethod
    def made(cls, codec: int, data: bytes) -> "Checked":
        """Return a block of bytes that have no name yet."""
        return cls(Cid.of(codec, data), data)


class Leaf(NamedTuple):
    """A raw block: `length` bytes from `offset` on, of a file or of what can be made again."""

    cid: Cid
    offset: int
    length: int


def batches(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Yield blocks, as they come, in lists that are put together."""
    batch: list[Block] = []
    size = 0
    for block in blocks:
        batch.append(block)
        size += len(block.data)
        if size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class BlockStore(Protocol):
    """Content by name. Every implementation passes tests/conformance/blockstore.py."""

    def get(self, cid: Cid) -> bytes:
        """Return the bytes of `cid`, checked against it.

        Raises: Unavailable when they are not here; Damaged when they are here but changed.
        """
        ...

    def put(self, blocks: Iterable[Block]) -> None:
        """Keep blocks; when this returns they are durable. Putting one twice is no change.

        Raises: Damaged for a block that does not match its name; Unavailable on a full disk.
        """
        ...

    def has(self, cid: Cid) -> bool:
        """Return whether `get` would find `cid`, without reading it."""
        ...


class ManyStore(BlockStore, Protocol):
    """A BlockStore that can be asked for thousands of blocks at the price of a few."""

    def get_many(self, cids: Sequence[Cid], longest: int = MAX_BLOCK) -> dict[Cid, bytes]:
        """Return those blocks that are here and right, checked; for any other ask `get` why.

        One of over `longest` bytes is left out: who asks for many bounds what they take together.
        """
        ...

    def has_many(self, cids: Sequence[Cid]) -> set[Cid]:
        """Return those that `has` would find."""
        ...
