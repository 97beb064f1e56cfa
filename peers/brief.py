"""Brief: what is to be known of a step to have it run elsewhere, beside its order. Pure."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from engine.content.cid import Cid
from engine.rows import Name
from engine.runner import Order
from engine.step import GATHER_PAGE_RECORD
from peers.small import SMALL
from peers.step_messages import Need


class Brief(NamedTuple):
    """What is to be known of a step to have it run elsewhere."""

    need: Need
    usual_ms: int | None
    sizes: tuple[tuple[Cid, int], ...]  # of its environment and inputs: bytes
    is_private: bool = False  # for peers that the user named alone
    stays: tuple[str, ...] = ()  # of its outputs, what need not be brought here


class Kept(NamedTuple):
    """A step that was done before, and of which a peer has what came out."""

    name: Name
    order: Order
    roots: tuple[Cid, ...]
    provider: bytes  # its key


KeptFor = Callable[[Order], Sequence[Kept]]  # what a step reads that is with peers, told once


def record_of(order: Order) -> bytes:
    """Return the step's record, if it may travel with a lease."""
    found = (block.data for block in order.blocks if block.cid == order.key)
    return next((data for data in found if len(data) <= SMALL), b"")


def reads(order: Order) -> Iterator[Cid]:
    """Yield the content that a step reads, each once."""
    step = order.step
    linked = {page for gather in step.gathers.values() for page in gather.pages}
    pages = (GATHER_PAGE_RECORD.decode(one.data) for one in order.blocks if one.cid in linked)
    items = [one.items for one in step.gathers.values()] + [page.items for page in pages]
    return iter(dict.fromkeys(chain(step.inputs.values(), *items)))
