"""Scope: what may be had by one agreement, or of one public root. Pure.

A block is content of a scope when a block of it that was read here links to it, or it is a root.
Blocks are opened (read for their links) as they are served; who asks for what is not known yet, as
somebody who had its parent from elsewhere, has the scope opened further, in the order of a walk.
Each block is so opened once, whoever asks for what, raw ones never: a leaf is known from its
parent. Nothing but content of the scope is ever read for a want, so that neither the answer nor
its delay says anything of the rest of the store.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.content.links import STRANGER, Bounds, links
from engine.errors import Damaged
from peers.identity import PeerId
from peers.lane import Lane

RETRY_MS: Final = 2_000  # what was not here when it was to be opened may be by then


class Scope:
    """Some roots, and what is known of what they lead to."""

    def __init__(self, asker: PeerId | None, bounds: Bounds = STRANGER) -> None:
        self.asker = asker  # None: everyone
        self.lanes: dict[tuple[PeerId, int], Lane] = {}  # on which it is asked for
        self.is_opening = False
        self._bounds = bounds
        self._roots: dict[Cid, None] = {}
        self._without: set[Cid] = set()
        self._known: set[Cid] = set()  # about 110 bytes each
        self._unopened: dict[Cid, None] = {}
        self._gaps: dict[Cid, None] = {}  # to be opened, but not here
        self._gaps_ms = 0

    def __contains__(self, cid: Cid) -> bool:
        return cid in self._known

    @property
    def size(self) -> int:
        """How many blocks are known."""
        return len(self._known)

    def has_room(self, count: int) -> bool:
        """Return whether so many more may be known."""
        return len(self._known) + count <= self._bounds.blocks

    def allows(self, peer: PeerId) -> bool:
        """Return whether a peer may have what is in it."""
        return self.asker is None or self.asker == peer

    def add(self, roots: Iterable[Cid], without: frozenset[Cid] = frozenset()) -> set[Cid]:
        """Have more roots, but not `without` because a record links to it; return what is new.

        What is part of a directory, or of a file, comes with that.
        """
        roots = tuple(roots)
        self._without |= without
        self._without.difference_update(roots)
        self._roots.update(dict.fromkeys(roots))
        return self._learn(roots)

    def forget(self) -> None:
        """Know the roots alone, as at first."""
        self._known.clear()
        self._unopened.clear()
        self._gaps.clear()
        self._learn(self._roots)

    def unopened(self, most: int) -> tuple[Cid, ...]:
        """Return what is to be opened next."""
        return tuple(islice(self._unopened, most))

    def open(self, cid: Cid, data: bytes) -> set[Cid]:
        """Learn what a block of it links to; return what is new."""
        if cid not in self._unopened:
            return set()
        del self._unopened[cid]
        try:
            found = islice(links(cid, data), self._bounds.links)
            if cid.codec != DAG_CBOR:
                return self._learn(found)
            return self._learn(one for one in found if one not in self._without)
        except Damaged:  # what it links to, if anything, cannot be said
            return set()

    def cannot_open(self, cid: Cid, now_ms: int) -> None:
        """Note that a block is not here."""
        if cid in self._unopened:
            del self._unopened[cid]
            self._gaps[cid] = None
            self._gaps_ms = now_ms

    def retry(self, now_ms: int) -> None:
        """Have what was not here tried again, if that is long ago."""
        if self._gaps and now_ms - self._gaps_ms >= RETRY_MS:
            self._unopened.update(self._gaps)
            self._gaps.clear()

    def _learn(self, cids: Iterable[Cid]) -> set[Cid]:
        new: set[Cid] = set()
        for cid in cids:
            if cid in self._known:
                continue
            if len(self._known) >= self._bounds.blocks:
                return new
            self._known.add(cid)
            new.add(cid)
            if cid.codec != RAW:
                self._unopened[cid] = None
        return new
