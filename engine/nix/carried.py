"""Carried: the NAR of a store path as a UnixFS file, whose blocks are made again when asked for.

>>> carry(NarView.of(path)).link.cid                                     # doctest: +SKIP
Cid('bafybei...')
"""

from collections.abc import Sequence
from typing import Final, Protocol

from engine.content.blocks import Block, BlockStore, Leaf
from engine.content.cid import RAW, Cid
from engine.content.dagpb import Link
from engine.content.filedag import FileDag
from engine.content.profile import PUBLISHED
from engine.nix.hashing import Hashing
from engine.nix.walk import CHUNK, NarView
from engine.values import dataclass

KIND: Final = "nar"  # what a store calls these blocks; Paths.read_nar_range makes them again

if PUBLISHED.chunk != CHUNK:
    raise AssertionError("a NAR is read in the pieces that are its leaves")


class NarStore(BlockStore, Protocol):
    """A store that need not keep what can be made again."""

    def put_derived(
        self,
        kind: str,
        locator: str,
        leaves: Sequence[Leaf],
        nodes: Sequence[Block],
        *,
        instead: bool = False,
    ) -> None:
        """Know that these leaves are made by the reader of `kind`, and keep the nodes.

        With `instead`, copies of the leaves are given up.

        Raises: Unavailable on a full disk.
        """
        ...


@dataclass(frozen=True, slots=True)
class Carried:
    """A NAR as blocks, and its sha256, all taken in one reading."""

    link: Link  # of no name
    leaves: tuple[Leaf, ...]
    nodes: tuple[Block, ...]
    nar_hash: bytes


def carry(view: NarView) -> Carried:
    """Read a NAR once and name its blocks.

    Raises: Damaged when the tree changed since the view was made.
    """
    dag = FileDag()
    leaves: list[Leaf] = []
    nodes: list[Block] = []
    with Hashing() as digest:
        for chunk in view.chunks():
            digest.update(chunk)
            leaf = Leaf(Cid.of(RAW, chunk), dag.size, len(chunk))
            leaves.append(leaf)
            nodes += dag.leaf(leaf.cid, leaf.length)
        link, last = dag.finish()
        return Carried(link, tuple(leaves), (*nodes, *last), digest.digest())
