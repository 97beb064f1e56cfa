"""Conversations: which peer was asked what it passes on, and how far it has been read. Pure.

Ask, listing, want, records; then the next page. Each step is taken only after the one before, so
nobody can bring what was not asked for. A cursor moves on when a page is done with: what a lost
message held is listed again.
"""

from collections.abc import Hashable
from typing import Final, Generic, NamedTuple, TypeVar

from peers.changes import Cursor
from peers.identity import PeerId
from peers.listing_events import Ask, Listed, Want

MAX_CURSORS: Final = 10_000  # kept: as many as there can be peers

START: Final = Cursor(0, 0)

T = TypeVar("T")  # by what a thing is listed
N = TypeVar("N", bound=Hashable)  # by what a thing is wanted


class _Page(NamedTuple, Generic[N]):
    number: int  # in this round
    upto: Cursor | None = None  # once it is listed
    more: bool = False
    wanted: frozenset[N] = frozenset()


class Conversations(Generic[N]):
    """One for each peer that was asked and is still connected."""

    def __init__(self, page: int, pages: int) -> None:
        """Read so many pages of one peer in a round, of so many things each."""
        self._page = page
        self._most = pages
        self._pages: dict[PeerId, _Page[N]] = {}
        self._cursors: dict[PeerId, Cursor] = {}  # the one that moved last is last

    def begin(self, peer: PeerId, number: int = 1) -> Ask:
        """Ask a peer from where it was read; what was open with it is void."""
        self._pages[peer] = _Page[N](number)
        return Ask(peer, self._cursors.get(peer, START))

    def fault(self, listed: Listed[T]) -> str:
        """Note what a page says; return why it is not taken, or nothing."""
        open_page = self._pages.get(listed.by)
        items, upto, more = listed.page
        if len(items) > self._page:
            return f"a page of over {self._page}"
        if open_page is None or open_page.upto is not None:
            return "a page that was not asked for"
        self._pages[listed.by] = open_page._replace(upto=upto, more=more)
        return ""

    def go_on(self, peer: PeerId, names: tuple[N, ...] = ()) -> Ask | Want[N] | None:
        """Return what to ask a peer next: what is wanted of its page, or else for another page."""
        if not names:
            return self._done(peer)
        self._pages[peer] = self._pages[peer]._replace(wanted=frozenset(names))
        return Want(peer, names)

    def wanted(self, peer: PeerId) -> frozenset[N]:
        """Return what a peer was asked for and has not sent."""
        page = self._pages.get(peer)
        return page.wanted if page else frozenset()

    def end(self, peer: PeerId) -> None:
        """Drop what is open with a peer; how far it was read is kept for its next session."""
        self._pages.pop(peer, None)

    def _done(self, peer: PeerId) -> Ask | None:
        """Move past a page; ask for the next, if there is one now."""
        page = self._pages.pop(peer)
        if page.upto is not None:
            self._cursors.pop(peer, None)
            self._cursors[peer] = page.upto
            if len(self._cursors) > MAX_CURSORS:
                del self._cursors[next(iter(self._cursors))]
        return self.begin(peer, page.number + 1) if page.more and page.number < self._most else None
