"""Frontier: how far a graph of blocks is known, from its roots on. Pure.

Names are learned from roots and from blocks whose bytes were checked, never from what a source
says. All may be made by a stranger, so it is bounded as any walk is (engine/content/links.py).
"""

from collections.abc import Iterable, Sequence

from engine.content.cid import RAW, Cid
from engine.content.links import STRANGER, Bounds, links
from engine.errors import Damaged


class Frontier:
    """What roots lead to, as far as blocks have come."""

    def __init__(
        self, roots: Sequence[Cid], bounds: Bounds = STRANGER, skip: Iterable[Cid] = ()
    ) -> None:
        """Begin at some roots; what is to be skipped counts as known."""
        self._bounds = bounds
        self._depth = dict.fromkeys(skip, 0) | dict.fromkeys(roots, 0)  # of every block known of

    def __contains__(self, cid: Cid) -> bool:
        return cid in self._depth

    def learn(self, cid: Cid, data: bytes) -> list[Cid]:
        """Return what a block that is known of links to and that was not known before.

        Raises: Damaged when it is malformed or leads over the bounds.
        """
        if cid.codec == RAW:
            return []
        below = list(links(cid, data))
        depth = self._depth[cid] + 1
        if len(below) > self._bounds.links:
            raise Damaged(f"a block with over {self._bounds.links} links", where=str(cid))
        if below and depth > self._bounds.depth:
            raise Damaged(f"content over {self._bounds.depth} levels deep", where=str(cid))
        new = [child for child in dict.fromkeys(below) if child not in self._depth]
        if len(self._depth) + len(new) > self._bounds.blocks:
            raise Damaged(f"content of over {self._bounds.blocks} blocks", where=str(cid))
        self._depth.update(dict.fromkeys(new, depth))
        return new
