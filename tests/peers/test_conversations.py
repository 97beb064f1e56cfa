"""A conversation takes its steps in order, and goes on where it was done with."""

from peers.changes import Cursor, Page
from peers.conversations import MAX_CURSORS, START, Conversations
from peers.identity import PeerId
from peers.listing_events import Ask, Listed, Want
from tests.peers.crowd import peer_id

ONE = peer_id(1)
PAGES = 5


def conversations() -> Conversations[PeerId]:
    """Return some that read PAGES pages in a round, of two things each."""
    return Conversations(2, PAGES)


def listed(position: int, *, more: bool = False, peer: PeerId = ONE) -> Listed[PeerId]:
    """Return a page of nothing up to a position."""
    return Listed(peer, Page((), Cursor(1, position), more))


def test_a_listing_is_taken_once_for_each_ask() -> None:
    """Not before it, not twice, not after the session has ended."""
    talks = conversations()
    assert talks.fault(listed(1))
    talks.begin(ONE)
    assert not talks.fault(listed(1))
    assert talks.fault(listed(2))
    talks.begin(ONE)
    talks.end(ONE)
    assert talks.fault(listed(1))


def test_a_listing_over_a_page_is_not_taken() -> None:
    """And one that is a page can still come."""
    talks = conversations()
    talks.begin(ONE)
    assert talks.fault(Listed(ONE, Page((1, 2, 3), Cursor(1, 3), more=False)))
    assert not talks.fault(Listed(ONE, Page((1, 2), Cursor(1, 2), more=False)))


def test_only_what_is_wanted_may_come_and_only_until_it_has() -> None:
    """What is open with a peer is void when it is asked anew."""
    talks = conversations()
    talks.begin(ONE)
    talks.fault(listed(1))
    assert talks.wanted(ONE) == frozenset()
    assert talks.go_on(ONE, (peer_id(2),)) == Want(ONE, (peer_id(2),))
    assert talks.wanted(ONE) == {peer_id(2)}
    assert talks.go_on(ONE) is None
    assert talks.wanted(ONE) == frozenset()


def test_a_listing_that_never_ends_is_read_for_so_many_pages() -> None:
    """A liar's "more" costs PAGES empty messages in a round."""
    talks = conversations()
    step: Ask | Want[PeerId] | None = talks.begin(ONE)
    pages = 0
    while step is not None:
        pages += 1
        assert not talks.fault(listed(pages, more=True))
        step = talks.go_on(ONE)
    assert pages == PAGES
    assert talks.begin(ONE) == Ask(ONE, Cursor(1, PAGES))


def test_the_peers_read_longest_ago_are_read_anew() -> None:
    """MAX_CURSORS are kept."""
    talks = conversations()
    for number in range(MAX_CURSORS + 1):
        peer = peer_id(number)
        talks.begin(peer)
        talks.fault(listed(1, peer=peer))
        talks.go_on(peer)
    assert talks.begin(peer_id(0)).cursor == START
    assert talks.begin(peer_id(1)).cursor == Cursor(1, 1)
