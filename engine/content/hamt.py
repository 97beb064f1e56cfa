"""HAMT: a directory too large for one block, cut by the hash of its names.

A name's murmur3 hash is eight bytes; byte N chooses one of 256 slots of the shard at depth N. A
slot holds the one entry that falls into it, or a shard of those that do.
https://specs.ipfs.tech/unixfs/#dag-pb-hamtdirectory
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import mmh3

from engine.content import dagpb
from engine.content.blocks import Block
from engine.content.cid import DAG_PB
from engine.content.dagpb import Link
from engine.content.profile import Profile
from engine.content.unixfs import FANOUT, MURMUR3, SHARD, Message
from engine.errors import Refused

DEPTH: Final = 8  # shards under one another: bytes in a hash
HASH_BITS: Final = 64


def key(name: str) -> int:
    """Return the hash of a name: its first bits are its slot in the first shard, and so on."""
    found: int = mmh3.hash64(name.encode(), signed=False)[0]
    return found


def slots(name: str) -> bytes:
    """Return the slot of `name` at each depth: the eight bytes of its hash, big end first."""
    return key(name).to_bytes(HASH_BITS // 8, "big")


def shard(links: Sequence[Link], profile: Profile) -> tuple[Link, list[Block]]:
    """Return the link to a sharded directory and its blocks, children first.

    Raises: Refused when two names have the same hash, which only happens on purpose.
    """
    keyed = sorted(((slots(link.name), link) for link in links), key=lambda pair: pair[0])
    blocks: list[Block] = []
    return _shard(keyed, 0, profile, blocks), blocks


def _shard(
    keyed: list[tuple[bytes, Link]], depth: int, profile: Profile, blocks: list[Block]
) -> Link:
    """Make the shard of `keyed`, sorted by hash, which agree before `depth`."""
    if depth == DEPTH:
        names = " and ".join(repr(link.name) for _, link in keyed[:2])
        raise Refused(f"two names have the same hash: {names}", fix="rename one of them")
    bits, children = 0, []
    for slot, group in groupby(keyed, key=lambda pair: pair[0][depth]):
        bits |= 1 << slot
        children.append(_slot(slot, list(group), depth, profile, blocks))
    field = bits.to_bytes((bits.bit_length() + 7) // 8, "big")
    message = Message(SHARD, data=field, hash_type=MURMUR3, fanout=FANOUT)
    block = profile.block(DAG_PB, dagpb.encode(children, message.encode()))
    blocks.append(block)
    return Link("", block.cid, len(block.data) + sum(child.tsize for child in children))


def _slot(
    slot: int, group: list[tuple[bytes, Link]], depth: int, profile: Profile, blocks: list[Block]
) -> Link:
    prefix = f"{slot:02X}"
    if len(group) == 1:
        link = group[0][1]
        return Link(prefix + link.name, link.cid, link.tsize)
    below = _shard(group, depth + 1, profile, blocks)
    return Link(prefix, below.cid, below.tsize)
