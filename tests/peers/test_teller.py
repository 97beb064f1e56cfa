"""Teller: two peers come to have the same entries, whatever happens between them."""

import pytest

from engine.errors import Refused
from peers.clearing import next_voucher
from peers.entries import Limit, Open
from peers.entry import write
from peers.ledger import follow
from peers.teller import Row
from peers.teller_events import Forked
from tests.peers.bills import agreed, billed, offered
from tests.peers.tellers import Net, Party


def _pair() -> tuple[Net, Party, Party]:
    net = Net()
    one, two = net.party(), net.party()
    net.connect(one, two)
    return net, one, two


def _trade(one: Party, two: Party) -> None:
    one.say(two, Open(two.peer.key, 0, 1_000))
    two.say(one, Open(one.peer.key, 0, 1_000))
    offer = offered(one.key, two.peer.key, 500)
    two.say(one, *agreed(offer, 500))
    one.net.settle()
    for amount in (10, 20, 30, 40, 50):
        one.say(two, *billed(offer.cid, amount))
    _vouch(one, two)


def _vouch(one: Party, two: Party) -> None:
    voucher = next_voucher(one.teller.ledger.channel(two.peer).mine)
    assert voucher is not None
    one.say(two, voucher)


def _balances(one: Party, two: Party) -> tuple[int, int]:
    ledgers = one.teller.ledger, two.teller.ledger
    return ledgers[0].channel(two.peer).balance, ledgers[1].channel(one.peer).balance


def test_what_one_says_the_other_has() -> None:
    """Entries get there in order, and both sides come to the same balance."""
    net, one, two = _pair()
    _trade(one, two)
    net.settle()
    assert _balances(one, two) == (-150, 150)
    assert not one.trouble + two.trouble


def test_nothing_is_said_before_it_is_durable() -> None:
    """An entry that is not in the book has not left."""
    net, one, two = _pair()
    one.teller.enter(two.peer, Open(two.peer.key, 0, 5), 0)
    one.work(written=0)
    net.settle()
    assert not two.entered[1:]
    one.work()
    net.settle()
    assert len(two.entered) == 2


def test_nothing_is_acknowledged_before_it_is_durable() -> None:
    """What came and was lost in a crash is said again."""
    net, one, two = _pair()
    one.say(two, Open(two.peer.key, 0, 5))
    two.work = lambda written=0: Party.work(two, 0)  # type: ignore[method-assign]
    net.settle()
    two.crash()
    del two.work  # type: ignore[method-assign]
    net.connect(one, two)
    net.settle()
    assert two.teller.ledger.channel(one.peer).theirs.limit == 5


def test_a_line_that_breaks_costs_nothing() -> None:
    """What was on a line is said again on the next, and counts once."""
    net, one, two = _pair()
    _trade(one, two)
    net.cut(one)
    net.connect(one, two)
    net.settle()
    net.cut(two)
    net.connect(one, two)
    net.settle()
    assert _balances(one, two) == (-150, 150)


def test_two_entries_in_one_place_are_told() -> None:
    """Who signs two entries where one belongs is found out by whoever gets both."""
    net, one, two = _pair()
    one.say(two, Open(two.peer.key, 0, 5))
    net.settle()
    ledger = one.teller.ledger
    one.say(two, Limit(7))
    net.settle()
    body = Limit(9)
    fork = write(follow(ledger, body, ledger.channel(two.peer), 0), body, one.key)
    two.said(one, [Row(fork)])
    assert [type(trouble) for trouble in two.trouble] == [Forked]
    assert two.teller.ledger.channel(one.peer).theirs.limit == 7


def test_a_restored_file_is_made_whole_by_others() -> None:
    """Entries that were lost with a file come back from whom they were said to."""
    net, one, two = _pair()
    copy = list(one.rows)
    _trade(one, two)
    net.settle()
    one.restore(copy)
    with pytest.raises(Refused, match="restored"):
        one.say(two, Limit(3))
    net.connect(one, two)
    net.settle()
    assert _balances(one, two) == (-150, 150)
    one.say(two, Limit(3))
    net.settle()
    assert two.teller.ledger.channel(one.peer).theirs.limit == 3
    assert not one.trouble + two.trouble


def test_a_restored_file_that_nobody_noticed_is_made_whole() -> None:
    """A peer that shows lost entries is enough to know that they were lost."""
    net, one, two = _pair()
    _trade(one, two)
    net.settle()
    copy = list(one.rows)
    offer = offered(one.key, two.peer.key, 50, "more")
    two.say(one, *agreed(offer, 50))
    net.settle()
    one.say(two, *billed(offer.cid, 50))
    _vouch(one, two)
    net.settle()
    one.rows = copy
    one.crash()
    net.connect(one, two)
    net.settle()
    assert _balances(one, two) == (-200, 200)
    assert one.teller.ledger.epoch > 0


def test_both_may_lose_their_files() -> None:
    """Each shows the other what that has lost."""
    net, one, two = _pair()
    copies = list(one.rows), list(two.rows)
    _trade(one, two)
    net.settle()
    one.restore(copies[0])
    net.connect(one, two)
    net.settle()
    two.restore(copies[1])
    net.connect(one, two)
    net.settle()
    assert _balances(one, two) == (-150, 150)
    assert not one.trouble + two.trouble


def test_what_was_never_offered_is_not_agreed() -> None:
    """A provider cannot set aside another amount than it was offered."""
    net, one, two = _pair()
    two.say(one, Open(one.peer.key, 0, 1_000))
    offer = offered(one.key, two.peer.key, 500)
    two.say(one, *agreed(offer, 400))
    net.settle()
    assert not one.teller.ledger.channel(two.peer).agreements


def test_a_receipt_comes_with_its_lines() -> None:
    """A receipt whose lines come to something else is not taken."""
    net, one, two = _pair()
    one.say(two, Open(two.peer.key, 0, 1_000))
    two.say(one, Open(one.peer.key, 0, 1_000))
    offer = offered(one.key, two.peer.key, 500)
    two.say(one, *agreed(offer, 500))
    net.settle()
    receipt, _ = billed(offer.cid, 100)
    one.say(two, receipt, billed(offer.cid, 99)[1])
    net.settle()
    assert two.teller.ledger.channel(one.peer).theirs.debt == 0
