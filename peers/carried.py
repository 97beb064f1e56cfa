"""Carried: a step whose record came with its lease, and what else it takes. Pure."""

from typing import NamedTuple

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.step import STEP, Step


class Carried(NamedTuple):
    """A step that need not be fetched."""

    block: Block  # its record
    step: Step
    parts: tuple[Cid, ...]  # what its record links to, but for the closure


def carried(block: Block) -> Carried:
    """Read the record of a step.

    Raises: Damaged when it is none.
    """
    step = STEP.decode(block.data)
    gathered = [cid for one in step.gathers.values() for cid in (*one.items, *one.pages)]
    linked = () if step.script_link is None else (step.script_link,)
    parts = dict.fromkeys((*step.inputs.values(), *gathered, *linked))
    return Carried(block, step, tuple(parts))
