"""Conversations: which peer was asked what it passes on, and how far it has been read. Pure.

Ask, listing, want, records; then the next page. Each step is taken only after the one before, so
nobody can bring what was not asked for. A cursor moves on when a page is done with: what a lost
message held is listed again.
"""

from collections.abc import Hashable
from typing import Final, Generic, NamedTuple, TypeVar

from peers.changes import Cursor
from peers.identity import PeerId

PAGES: Final = 40  # read of one peer in a round: as many as a full directory has
MAX_CURSORS: Final = 10_000  # kept: as many as there can be peers

START: Final = Cursor(0, 0)

T = TypeVar("T", bound=Hashable)  # what is listed and wanted


class _Page(NamedTuple, Generic[T]):
    number: int  # in this round
    upto: Cursor | None = None  # once it is listed
    more: bool = False
    wanted: frozenset[T] = frozenset()


class Conversations(Generic[T]):
    """One for each peer that was asked and is still connected."""

    def __init__(self, pages: int = PAGES) -> None:
        """Read so many pages of one peer in a round."""
        self._most = pages
        self._pages: dict[PeerId, _Page[T]] = {}
        self._cursors: dict[PeerId, Cursor] = {}  # the one that moved last is last

    def begin(self, peer: PeerId, number: int = 1) -> Cursor:
        """Return from where to ask a peer now; what was open with it is void."""
        self._pages[peer] = _Page[T](number)
        return self._cursors.get(peer, START)

    def listed(self, peer: PeerId, upto: Cursor, *, more: bool) -> bool:
        """Note what a listing says; return whether it was asked for."""
        page = self._pages.get(peer)
        if page is None or page.upto is not None:
            return False
        self._pages[peer] = page._replace(upto=upto, more=more)
        return True

    def want(self, peer: PeerId, items: tuple[T, ...]) -> None:
        """Note what a peer is asked for, of the page that it listed."""
        self._pages[peer] = self._pages[peer]._replace(wanted=frozenset(items))

    def wanted(self, peer: PeerId) -> frozenset[T]:
        """Return what a peer was asked for and has not sent."""
        page = self._pages.get(peer)
        return page.wanted if page else frozenset()

    def done(self, peer: PeerId) -> Cursor | None:
        """Move past a page; return from where to ask for the next, if there is one now."""
        page = self._pages.pop(peer)
        if page.upto is not None:
            self._cursors.pop(peer, None)
            self._cursors[peer] = page.upto
            if len(self._cursors) > MAX_CURSORS:
                del self._cursors[next(iter(self._cursors))]
        return self.begin(peer, page.number + 1) if page.more and page.number < self._most else None

    def end(self, peer: PeerId) -> None:
        """Drop what is open with a peer; how far it was read is kept for its next session."""
        self._pages.pop(peer, None)
