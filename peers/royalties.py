"""Royalties: the manifests to which a run has consented, and what they come to. Pure.

They are known before anything is agreed, stand in each offer of the run, and what falls to each
author is settled when an agreement ends, for all that was paid under it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from engine.content.blocks import Block, Checked
from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Refused
from peers.agreement import MAX_MANIFESTS
from peers.credits import MAX_CREDITS, NOTHING, Credits
from peers.entry import MAX_REFS
from peers.identity import PeerId
from peers.royalty import WHOLE, Manifest, opened, pool, split


class Due(NamedTuple):
    """What one manifest comes to for an agreement."""

    manifest: Cid
    pool: Credits
    shares: dict[bytes, Credits]  # by the authors' keys


class Royalties:
    """Those of one run, with the manifests of what it was made from."""

    def __init__(self, signed: Sequence[bytes] = (), parents: Sequence[bytes] = ()) -> None:
        """Read signed manifests.

        Raises: Refused when there are too many, or one lacks a parent; Damaged when one is none.
        """
        if len(signed) > MAX_MANIFESTS:
            fix = "one for each resource is enough"
            raise Refused(f"a run has {MAX_MANIFESTS} royalty manifests at most", fix=fix)
        self.signed, self.parents = tuple(signed), tuple(parents)
        self.blocks: tuple[Block, ...] = tuple(
            Checked.made(DAG_CBOR, one) for one in (*signed, *parents)
        )
        self._own = {block.cid: opened(block.data).value for block in self.blocks[: len(signed)]}
        self._parents = {
            block.cid: opened(block.data).value for block in self.blocks[len(signed) :]
        }
        if len(self.blocks) >= MAX_REFS:  # all go with the first receipt, and its lines
            fix = "name fewer, or such as have fewer parents"
            raise Refused(f"a run has {MAX_REFS - 1} manifests at most, with parents", fix=fix)
        for manifest in self._own.values():
            split(manifest, self._parents, NOTHING)  # raises when a parent is not here

    @property
    def cids(self) -> tuple[Cid, ...]:
        """Their names, as they are in an offer."""
        return tuple(self._own)

    @property
    def manifests(self) -> Mapping[Cid, Manifest]:
        """What they say."""
        return self._own

    def papers(self, manifest: Cid) -> tuple[Block, ...]:
        """Return one with its parents: what says who gets how much of it."""
        blocks = {block.cid: block for block in self.blocks}
        parents = (parent.manifest for parent in self._own[manifest].parents)
        return tuple(blocks[cid] for cid in (manifest, *parents))

    def work_within(self, most: Credits) -> Credits:
        """Return how much may be paid for work, so that all of a run costs no more than `most`."""
        fixed = sum(min(one.per_run, one.pool_most) for one in self._own.values())
        share = sum(one.share for one in self._own.values())
        return Credits(max(0, most - fixed) * WHOLE // (WHOLE + share))

    def cost(self, price: Credits) -> Credits:
        """Return what a run costs on top, if so much is paid for its steps under one agreement."""
        pools = (pool(one, price, is_first_of_run=True) for one in self._own.values())
        return Credits(min(MAX_CREDITS, sum(pools)))

    def due(self, price: Credits, *, is_first: bool) -> Iterator[Due]:
        """Yield what falls to the authors of each, for an agreement under which so much was paid.

        `is_first`: nothing of the run was settled before.
        """
        for cid, manifest in self._own.items():
            amount = pool(manifest, price, is_first_of_run=is_first)
            if amount:
                yield Due(cid, amount, split(manifest, self._parents, amount))

    def shares_of(self, manifest: Cid, amount: Credits) -> dict[bytes, Credits]:
        """Return what each author of one gets of a pool."""
        return split(self._own[manifest], self._parents, amount)

    def authors_of(self, manifest: Cid) -> list[PeerId]:
        """Return who may be paid by one, however small the part."""
        return [PeerId(key) for key in self.shares_of(manifest, Credits(MAX_CREDITS))]


NOBODY: Final = Royalties()


def authors(royalties: Royalties) -> list[PeerId]:
    """Return who may be paid, however small the part."""
    return sorted({author for cid in royalties.cids for author in royalties.authors_of(cid)})
