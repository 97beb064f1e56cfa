"""Merkle: one hash for many things in order, and proof that one of them is among them. Pure.

The tree is that of RFC 6962, 2.1, with BLAKE3: a leaf is H(0x00 || thing), a node H(0x01 || left ||
right), and of an odd number at a level the last goes up as it is. So one signature stands for
a batch, and a single result can still be shown with it to anybody.

>>> held = root([b"a", b"b", b"c"])
>>> verifies(held, 3, 2, b"c", proof([b"a", b"b", b"c"], 2))
True
"""

from collections.abc import Sequence
from typing import Final

from blake3 import blake3

HASH_BYTES: Final = 32
MAX_LEAVES: Final = 2**20  # a lease or a batch is far smaller; bounds what a proof can claim

_LEAF: Final = b"\0"
_NODE: Final = b"\1"


def root(things: Sequence[bytes]) -> bytes:
    """Return the one hash of things in order; that of nothing is the hash of nothing."""
    level = _leaves(things)
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else blake3(b"").digest()


def proof(things: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the hashes that, with the thing at `index`, give the root."""
    if not 0 <= index < len(things):
        raise IndexError(index)
    found, level = [], _leaves(things)
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            found.append(level[beside])
        level, index = _above(level), index // 2
    return tuple(found)


def proofs(things: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    """Return the proof of each thing, as `proof` gives it, at the price of one root."""
    found: list[list[bytes]] = [[] for _ in things]
    level, width = _leaves(things), 1
    while len(level) > 1:
        for at, path in enumerate(found):
            beside = at // width ^ 1
            if beside < len(level):
                path.append(level[beside])
        level, width = _above(level), 2 * width
    return [tuple(path) for path in found]


def verifies(root: bytes, count: int, index: int, thing: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether `thing` is at `index` among the `count` things of a root."""
    if not 0 <= index < count <= MAX_LEAVES:
        return False
    held, left = blake3(_LEAF + thing).digest(), list(reversed(proof))
    while count > 1:
        if index ^ 1 < count:
            if not left:
                return False
            beside = left.pop()
            held = _node(beside, held) if index % 2 else _node(held, beside)
        index, count = index // 2, (count + 1) // 2
    return not left and held == root


def _leaves(things: Sequence[bytes]) -> list[bytes]:
    return [blake3(_LEAF + thing).digest() for thing in things]


def _above(level: list[bytes]) -> list[bytes]:
    paired = [_node(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
    return paired + level[2 * len(paired) :]


def _node(left: bytes, right: bytes) -> bytes:
    return blake3(_NODE + left + right).digest()
