"""What goes out on a line for blocks, at which time."""

import pytest

from engine.content.cid import RAW, Cid
from peers.allowance import STRANGER, Allowance, Rate
from peers.bulk import MAX_STRAY, MAX_WAITING, STUCK_MS, Bulk
from peers.connection import Channel, Connection
from peers.errors import RemoteFault
from peers.exchange import Blocks, Cancel
from tests.peers.written import Written

LINE = Connection(1, bytes(32), Channel.BULK, "127.0.0.1", is_dialled=True)
LARGE = Blocks(1, 1, ((Cid.of(RAW, bytes(2_000_000)), bytes(2_000_000)),))
SMALL = Cancel(1, ())


@pytest.mark.parametrize(("message", "count"), [(LARGE, 2), (SMALL, 12)])
def test_no_more_is_sent_than_the_other_end_lets_pass(message: Blocks | Cancel, count: int) -> None:
    """Whatever waits, for as long as it takes; nearly all that it would let pass goes."""
    mail, theirs = Written(), Allowance(STRANGER, 0)
    bulk, passed = Bulk(mail, LINE, STRANGER, 0), 0
    for now_ms in range(0, 4_000, 50):
        mail.sizes.clear()
        for _ in range(count):
            bulk.send(message, now_ms)
        assert all(theirs.take(now_ms, size + 60) for size in mail.sizes)
        passed += len(mail.sizes)
    assert passed >= {LARGE: 4 * 28, SMALL: 4 * 180}[message]


def test_an_agreement_lets_both_send_more() -> None:
    """Its rate is told to the session, and held to."""
    mail = Written()
    bulk = Bulk(mail, LINE, STRANGER, 0)
    bulk.grant(Rate(100_000, 2**30), 0)
    for _ in range(500):
        bulk.send(SMALL, 10_000)
    assert len(mail.sizes) == 500
    assert mail.rates == [Rate(100_000, 2**30)]


def test_a_message_has_gone_when_it_has_left() -> None:
    """Not when it was sent."""
    mail = Written()
    bulk, gone = Bulk(mail, LINE, STRANGER, 0), list[int]()
    bulk.send(LARGE, 0, lambda: gone.append(1))
    assert not gone
    mail.leaving[0]()
    assert gone == [1]


def test_who_takes_nothing_is_not_waited_for() -> None:
    """Blocks that do not leave for half a minute end the line; it is nobody's fault."""
    mail = Written()
    bulk = Bulk(mail, LINE, STRANGER, 0)
    bulk.send(LARGE, 0, lambda: None)
    bulk.send(LARGE, 0, lambda: None)
    bulk.flush(STUCK_MS - 1)
    mail.leaving[0]()
    bulk.flush(STUCK_MS)
    assert not mail.ends
    bulk.flush(2 * STUCK_MS)
    assert mail.ends == [("it does not take the blocks that it asked for", False)]


def test_what_waits_is_bounded() -> None:
    """Who asks without end and takes no answers is ended."""
    mail = Written()
    bulk = Bulk(mail, LINE, Rate(1, 1), 0)
    for _ in range(MAX_WAITING + 2):
        bulk.send(SMALL, 0)
    assert len(mail.ends) == 1


def test_blocks_on_no_lane_are_counted() -> None:
    """Some may be on their way for a lane that has ended; more than that is a fault."""
    bulk = Bulk(Written(), LINE, STRANGER, 0)
    bulk.lane_ended()
    bulk.strayed(MAX_STRAY)
    bulk.strayed(1)
    with pytest.raises(RemoteFault, match="nobody asked"):
        bulk.strayed(MAX_STRAY)
