"""Presence: whether all of some content is here, not only its root.

A root may be here without its parts: a bundle was cut short, a damaged block was put away, a gc
took an intermediate. A result counts as reusable only when every block of its outputs is found.
What a run has found whole stays so while it runs: the store holds it.
"""

from collections.abc import Callable, Iterable

from engine.content.blocks import ManyStore
from engine.content.cid import RAW, Cid
from engine.content.links import OURS, reachable
from engine.errors import Damaged, Unavailable

Hold = Callable[[Iterable[Cid]], None]  # keeps content, and all it links to, from any gc


class Presence:
    """What was found whole so far. For one thread."""

    def __init__(self, store: ManyStore, hold: Hold) -> None:
        self._store = store
        self._hold = hold
        self._whole: set[Cid] = set()

    def whole(self, cids: Iterable[Cid]) -> set[Cid]:
        """Return those of which every block is here; they are held from now on."""
        wanted = set(cids)
        new = wanted - self._whole
        if new:
            self._hold(new)  # before looking, or a gc could be faster
            leaves = [cid for cid in new if cid.codec == RAW]
            self._whole |= self._store.has_many(leaves)
            self._whole |= {cid for cid in new.difference(leaves) if self._is_whole(cid)}
        return wanted & self._whole

    def _is_whole(self, root: Cid) -> bool:
        try:
            blocks = reachable(self._store.get, [root], OURS)
            leaves = {cid for cid in blocks if cid.codec == RAW}
            return self._store.has_many(list(leaves)) == leaves
        except (Unavailable, Damaged):
            return False  # what is not here or not right is made again by running the step
