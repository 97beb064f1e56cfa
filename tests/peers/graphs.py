"""Graphs of blocks, made from a random number generator."""

from random import Random

from engine.content import canonical
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.content.links import reachable


def leaf(data: bytes) -> Block:
    """Return a raw block."""
    return Block(Cid.of(RAW, data), data)


def node(below: list[Cid], note: str = "") -> Block:
    """Return a block that links to others; a walk finds them in the order given."""
    data = canonical.encode({"below": list(reversed(below)), "note": note})
    return Block(Cid.of(DAG_CBOR, data), data)


def graph(random: Random, leaves: int, size: int = 200) -> tuple[Cid, dict[Cid, bytes]]:
    """Return a root, and all that it leads to: some of it on more than one way."""
    made = [leaf(random.randbytes(random.randint(1, size))) for _ in range(leaves)]
    blocks = {block.cid: block.data for block in made}
    level = [block.cid for block in made]
    while len(level) > 1:
        width = random.randint(2, 20)
        parents = []
        for at in range(0, len(level), width):
            again = random.sample(list(blocks), min(2, len(blocks)))
            parents.append(node(level[at : at + width] + again, str(at)))
        blocks |= {block.cid: block.data for block in parents}
        level = [block.cid for block in parents]
    return level[0], blocks


def below(blocks: dict[Cid, bytes], roots: list[Cid]) -> set[Cid]:
    """Return all that roots lead to."""
    return set(reachable(blocks.__getitem__, roots))
