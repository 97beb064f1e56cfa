"""Which lines for blocks are open to a peer, and at what rate."""

from peers.allowance import AGREED, STRANGER
from peers.bulks import Bulks
from peers.connection import Channel, Connection
from peers.rates import Rates
from tests.peers.keys import identity
from tests.peers.written import Written

PEER, OTHER = identity(1).peer, identity(2).peer
LINE, NEXT, THEIRS = (
    Connection(number, bytes(32), Channel.BULK, "127.0.0.1", is_dialled=True)
    for number in (1, 2, 3)
)


def test_a_peer_is_asked_on_the_line_that_was_open_first() -> None:
    """On the next one when that has closed; on none when no line is left."""
    bulks = Bulks(Written(), Rates())
    first, second = bulks.open(LINE, PEER, 0), bulks.open(NEXT, PEER, 0)
    assert (bulks.first(PEER), bulks.on(NEXT, PEER), bulks.count) == (first, second, 2)
    bulks.close(LINE, PEER)
    assert (bulks.first(PEER), bulks.on(LINE, PEER), bulks.count) == (second, None, 1)
    bulks.close(NEXT, PEER)
    bulks.close(NEXT, PEER)
    assert (bulks.first(PEER), bulks.count) == (None, 0)


def test_lines_have_the_rate_that_was_agreed_with_their_peer() -> None:
    """Those that are open when it changes, and those that open later; no others."""
    mail, rates = Written(), Rates()
    bulks = Bulks(mail, rates)
    bulks.open(LINE, PEER, 0)
    bulks.open(THEIRS, OTHER, 0)
    rates.add(PEER, AGREED)
    bulks.grant(PEER, 0)
    assert mail.rates == [AGREED]
    bulks.open(NEXT, PEER, 0)
    assert mail.rates == [AGREED, AGREED]
    rates.drop(PEER)
    bulks.grant(PEER, 0)
    assert mail.rates[2:] == [STRANGER, STRANGER]


def test_who_broke_the_protocol_loses_all_its_lines() -> None:
    """And nobody else."""
    mail = Written()
    bulks = Bulks(mail, Rates())
    for connection, peer in ((LINE, PEER), (THEIRS, OTHER), (NEXT, PEER)):
        bulks.open(connection, peer, 0)
    bulks.cut(PEER, "it lies")
    assert (mail.ended, mail.ends) == ([LINE, NEXT], [("it lies", True)] * 2)
