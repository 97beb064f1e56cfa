"""Gathers: many values in order, in the step's record or, when they are many, in pages. Pure."""

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.step import GATHER_PAGE, GATHER_PAGE_RECORD, Gather, GatherPage
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class Gathered:
    """A gather, how many values it has, and the blocks of its pages."""

    gather: Gather
    count: int
    blocks: tuple[Block, ...]


def gather(cids: tuple[Cid, ...]) -> Gathered:
    """Return values as a step holds them."""
    if len(cids) <= GATHER_PAGE:
        return Gathered(Gather(cids, ()), len(cids), ())
    blocks = tuple(
        GATHER_PAGE_RECORD.block(GatherPage(cids[start : start + GATHER_PAGE]))
        for start in range(0, len(cids), GATHER_PAGE)
    )
    return Gathered(Gather((), tuple(block.cid for block in blocks)), len(cids), blocks)
