"""What every store asks of a block before it keeps it."""

from collections.abc import Iterable, Iterator
from typing import Final

from engine.content.blocks import MAX_BLOCK, Block, Checked
from engine.content.cid import Cid
from engine.errors import Damaged, Refused

_BATCH_BYTES: Final = 16 * 1024 * 1024  # of memory that a batch may hold
_BATCH_BLOCKS: Final = 10_000


def checked(blocks: Iterable[Block]) -> dict[Cid, bytes]:
    """Return blocks by name, each once.

    Raises: Damaged for one that does not match its name; Refused for one over MAX_BLOCK.
    """
    return dict(check(block) for block in blocks)


def check(block: Block) -> tuple[Cid, bytes]:
    """Return the name and the bytes of a block that is what it says.

    Raises: Damaged when it does not match its name; Refused when it is over MAX_BLOCK.
    """
    if len(block.data) > MAX_BLOCK:
        raise Refused(
            f"a block of {len(block.data)} bytes is over the limit of {MAX_BLOCK}",
            where=str(block.cid),
            fix="cut the content into smaller blocks; `tally add` does",
        )
    if not isinstance(block, Checked) and not block.cid.matches(block.data):
        raise Damaged(
            f"a block of {len(block.data)} bytes does not match its address",
            where=str(block.cid),
            fix="fetch it again, from somebody else if it happens twice",
        )
    return block.cid, block.data


def batches(blocks: Iterable[Block]) -> Iterator[dict[Cid, bytes]]:
    """Yield checked blocks in batches that fit in memory.

    Raises: Damaged for a block that does not match its name; Refused for one over MAX_BLOCK.
    """
    batch: dict[Cid, bytes] = {}
    size = 0
    for block in blocks:
        cid, data = check(block)
        batch[cid] = data
        size += len(data)
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_BLOCKS:
            yield batch
            batch, size = {}, 0
    yield batch
