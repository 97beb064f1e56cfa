"""Blocks: put together in batches."""

from engine.content.blocks import BATCH_BYTES, Checked, batches
from engine.content.cid import RAW


def test_a_batch_is_full_of_bytes() -> None:
    """All blocks come, in their order, and none waits once a batch is full."""
    blocks = [Checked.made(RAW, bytes([n]) * (BATCH_BYTES // 2)) for n in range(5)]
    found = list(batches(blocks))
    assert [len(batch) for batch in found] == [2, 2, 1]
    assert [block for batch in found for block in batch] == blocks
    assert list(batches([])) == []
