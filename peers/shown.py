"""Shown: which content each peer has shown to have, so that it may use what is here of it. Pure.

The name of content is no right to it (adr/0115). What a peer sent, or had made here, it has; of all
else it sends every byte once, also when another sent the same before.

>>> shown = Shown()
>>> shown.add(peer, (root,))                                             # doctest: +SKIP
>>> shown.lacks(peer, (root, other))                                     # doctest: +SKIP
(other,)
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable
from typing import Final

from engine.content.cid import Cid
from peers.identity import PeerId

MAX_SHOWN: Final = 200_000  # roots of all peers, 40 MB; one that is forgotten is sent once more


class Shown:
    """What was shown since this program began. For one thread."""

    def __init__(self, most: int = MAX_SHOWN) -> None:
        self._most = most
        self._counts: Counter[PeerId] = Counter()  # of roots
        self._roots: OrderedDict[tuple[PeerId, Cid], None] = OrderedDict()  # the last used last

    def add(self, peer: PeerId, roots: Iterable[Cid]) -> None:
        """Note that a peer has all that some roots lead to."""
        shown = self._roots
        for one in ((peer, root) for root in roots):
            if one in shown:
                shown.move_to_end(one)
            else:
                shown[one] = None
                self._counts[peer] += 1
        while len(self._roots) > self._most:
            (oldest, _), _ = self._roots.popitem(last=False)
            self._counts[oldest] -= 1

    def knows(self, peer: PeerId) -> bool:
        """Return whether a peer has shown anything."""
        return self._counts[peer] > 0

    def lacks(self, peer: PeerId, roots: Iterable[Cid]) -> tuple[Cid, ...]:
        """Return those of some roots that a peer has not shown to have."""
        found = []
        for root in roots:
            if (peer, root) in self._roots:
                self._roots.move_to_end((peer, root))
            else:
                found.append(root)
        return tuple(found)
