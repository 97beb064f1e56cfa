"""A conversation takes its steps in order, and goes on where it was done with."""

from peers.changes import Cursor
from peers.conversations import MAX_CURSORS, PAGES, START, Conversations
from tests.peers.crowd import peer_id

ONE = peer_id(1)


def test_a_listing_is_taken_once_for_each_ask() -> None:
    """Not before it, not twice, not after the session has ended."""
    talks = Conversations()
    assert not talks.listed(ONE, Cursor(1, 1), more=False)
    talks.begin(ONE)
    assert talks.listed(ONE, Cursor(1, 1), more=False)
    assert not talks.listed(ONE, Cursor(1, 2), more=False)
    talks.begin(ONE)
    talks.end(ONE)
    assert not talks.listed(ONE, Cursor(1, 1), more=False)


def test_only_what_is_wanted_may_come_and_only_until_it_has() -> None:
    """What is open with a peer is void when it is asked anew."""
    talks = Conversations()
    talks.begin(ONE)
    talks.listed(ONE, Cursor(1, 1), more=False)
    assert talks.wanted(ONE) == frozenset()
    talks.want(ONE, (peer_id(2),))
    assert talks.wanted(ONE) == {peer_id(2)}
    talks.done(ONE)
    assert talks.wanted(ONE) == frozenset()


def test_a_listing_that_never_ends_is_read_for_so_many_pages() -> None:
    """A liar's "more" costs PAGES empty messages in a round."""
    talks = Conversations()
    cursor: Cursor | None = talks.begin(ONE)
    pages = 0
    while cursor is not None:
        pages += 1
        assert talks.listed(ONE, Cursor(1, pages), more=True)
        cursor = talks.done(ONE)
    assert pages == PAGES
    assert talks.begin(ONE) == Cursor(1, PAGES)


def test_the_peers_read_longest_ago_are_read_anew() -> None:
    """MAX_CURSORS are kept."""
    talks = Conversations()
    for number in range(MAX_CURSORS + 1):
        peer = peer_id(number)
        talks.begin(peer)
        talks.listed(peer, Cursor(1, 1), more=False)
        talks.done(peer)
    assert talks.begin(peer_id(0)) == START
    assert talks.begin(peer_id(1)) == Cursor(1, 1)
