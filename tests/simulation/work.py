"""Work: what is run in a world: a graph of steps, and what each of them truly gives.

A step's key follows from what it reads, as in the engine; what it gives follows from its key.
"""

import hashlib
from functools import cache
from random import Random

from engine.content import canonical
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.step import ATTESTATION, RESULT, Attestation, Result
from engine.workflow.graph import Group, Need
from peers.agreement import Said
from peers.identity import PeerId

FAILING = 97  # one key in so many is of a step that exits with 1

_ENVIRONMENT = b"an environment"
ENVIRONMENT = Block(Cid.of(RAW, _ENVIRONMENT), _ENVIRONMENT)


def graph(random: Random, width: int = 3) -> tuple[Group, ...]:
    """Return groups: two scattered ones, what gathers them, and a tail."""
    count = random.randint(2, width)
    shapes: list[tuple[str, int, tuple[Need, ...]]] = [
        ("a", count, ()),
        ("b", count, (Need("a", "same"),)),
        ("c", 1, (Need("b", "all", carries_skip=False),)),
        ("d", 1, (Need("a", "item", 0),)),
        ("e", random.randint(1, 3), (Need("c", "one"), Need("d", "one"))),
    ]
    return tuple(
        Group(name, count, count > 1, needs, False, 1, 1, 0, True) for name, count, needs in shapes
    )


def wide(steps: int) -> tuple[Group, ...]:
    """Return so many steps: two scattered groups, one after the other, and what gathers them."""
    count = (steps - 1) // 2
    shapes = (
        ("a", count, ()),
        ("b", count, (Need("a", "same"),)),
        ("c", steps - 2 * count, (Need("b", "all", carries_skip=False),)),
    )
    return tuple(
        Group(name, count, count > 1, needs, False, 1, 1, 0, True) for name, count, needs in shapes
    )


def reads(groups: dict[str, Group], step: str, index: int) -> list[tuple[str, int]]:
    """Return which instances one reads from."""
    found = []
    for need in groups[step].needs:
        match need.how:
            case "one":
                found.append((need.step, 0))
            case "same":
                found.append((need.step, index))
            case "item":
                found.append((need.step, need.index))
            case "all":
                found += [(need.step, each) for each in range(groups[need.step].count)]
    return found


def step(run: int, name: str, index: int, inputs: list[Cid]) -> Block:
    """Return the record of an instance."""
    return _block({"run": run, "name": name, "index": index, "inputs": inputs})


@cache
def output(key: Cid) -> tuple[Block, ...]:
    """Return what a step gives: a root, and what it leads to."""
    leaves = [
        Block(Cid.of(RAW, data), data)
        for data in (hashlib.blake2b(b"%d" % at + key.raw).digest() * 3 for at in range(2))
    ]
    return (_block({"parts": [leaf.cid for leaf in leaves]}), *leaves)


@cache
def exit_code(key: Cid) -> int:
    """Return how a step ends."""
    return int(key.raw[-1] % FAILING == 0)


@cache
def result(key: Cid) -> Block:
    """Return the record of what a step gives."""
    code = exit_code(key)
    return RESULT.block(Result(key, code, {} if code else {"out": output(key)[0].cid}))


@cache
def attestation(key: Cid, result: Cid, by: PeerId) -> Block:
    """Return the word of a peer that this came out."""
    who = by.key.hex()
    return ATTESTATION.block(
        Attestation(key, result, "bwrap", who, 0, 1, 1, 1, None, None, False, "")
    )


def made(key: Cid, by: PeerId) -> tuple[Said, tuple[Block, ...]]:
    """Return what an honest provider says of a step, and all blocks of that."""
    came = result(key)
    word = attestation(key, came.cid, by)
    outputs = () if exit_code(key) else output(key)
    return Said(key, came.cid, word.cid), (came, word, *outputs)


def _block(value: object) -> Block:
    data = canonical.encode(value)
    return Block(Cid.of(DAG_CBOR, data), data)
