"""What is asked until it is answered, on which line and in which order."""

import pytest

from peers.connection import Channel, Connection
from peers.insisting import Insisting
from peers.lines import Lines
from tests.peers.keys import identity
from tests.peers.written import Written

PEER = identity(1).peer
LINE, NEXT = (
    Connection(number, bytes(32), Channel.CONTROL, "127.0.0.1", is_dialled=True)
    for number in (1, 2)
)


@pytest.fixture
def mail() -> Written:
    """Return what is written to."""
    return Written()


@pytest.fixture
def lines(mail: Written) -> Lines:
    """Return a peer's lines: there is one."""
    lines = Lines(mail)
    lines.opened(LINE, PEER)
    return lines


@pytest.fixture
def insisting(mail: Written, lines: Lines) -> Insisting:
    """Return what three requests were given to: there is room for two."""
    insisting = Insisting(PEER, mail, lines)
    for kind, body in ((1, b"a"), (2, b"b"), (3, b"c")):
        insisting.ask(kind, body)
    return insisting


def test_requests_go_in_order_as_far_as_there_is_room(insisting: Insisting, mail: Written) -> None:
    """The others when there is room again; an answer says to which type it is, once."""
    assert mail.asked == [(LINE, 1, b"a"), (LINE, 2, b"b")]
    assert (insisting.answered(LINE, b"2"), insisting.answered(LINE, b"2")) == (2, None)
    mail.left = 1
    insisting.flush()
    assert mail.asked[2:] == [(LINE, 3, b"c")]


def test_what_is_not_answered_in_time_is_asked_before_others(
    insisting: Insisting, mail: Written
) -> None:
    """The same bytes; what is none of its requests changes nothing."""
    mail.left = 1
    insisting.unanswered(LINE, b"7")
    insisting.unanswered(NEXT, b"1")
    assert len(mail.asked) == 2
    insisting.unanswered(LINE, b"1")
    assert mail.asked[2:] == [(LINE, 1, b"a")]


def test_what_was_asked_on_a_line_is_asked_on_the_next_in_order(
    insisting: Insisting, mail: Written, lines: Lines
) -> None:
    """Not before there is one; on the old one nothing is answered any more."""
    mail.left = 3
    lines.closed(LINE, PEER)
    insisting.closed(LINE)
    assert len(mail.asked) == 2
    lines.opened(NEXT, PEER)
    insisting.flush()
    assert mail.asked[2:] == [(NEXT, 1, b"a"), (NEXT, 2, b"b"), (NEXT, 3, b"c")]
    assert insisting.answered(LINE, b"1") is None


def test_after_the_end_nothing_is_asked_again(insisting: Insisting, mail: Written) -> None:
    """Neither what was asked nor what waited."""
    insisting.end()
    mail.left = 3
    insisting.closed(LINE)
    insisting.unanswered(LINE, b"1")
    insisting.flush()
    assert len(mail.asked) == 2
