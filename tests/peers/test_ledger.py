"""Ledger: what follows from the entries of two peers."""

import pytest

from engine.errors import Refused
from peers.entries import (
    Agreed,
    Checkpoint,
    Close,
    Epoch,
    Fraud,
    Genesis,
    Limit,
    Open,
    Receipt,
    Reset,
    Voucher,
)
from peers.entry import write
from peers.ledger import Invalid, OutOfPlace, follow
from tests.peers.ledgers import ROOT, Keeper, named, opened, replay, work


def test_a_voucher_says_how_much_and_both_sides_agree() -> None:
    """What one owes is what the other is owed, once it is vouched for."""
    one, two = opened()
    work(one, two, 500, 120, 80)
    one.pay(two)
    assert one.channel(two).balance == -200
    assert two.channel(one).balance == 200
    assert two.channel(one).reserved(one.peer) == 300


def test_more_than_the_limit_is_refused() -> None:
    """Nobody agrees to be owed more than the limit that it grants, with all that is set aside."""
    one, two = opened(limit=1_000)
    work(one, two, 700, 700)
    with pytest.raises(Refused, match="limit"):
        two.say(Agreed(named("more"), 301), one)
    two.say(Agreed(named("more"), 300), one)


def test_a_receipt_over_the_cap_is_invalid() -> None:
    """Nobody can be made to take a receipt for more than was agreed."""
    one, two = opened()
    agreement = work(one, two, 500, 450)
    with pytest.raises(Invalid, match="more than was agreed"):
        two.take(one.write(Receipt(agreement, ROOT, 1, 51), two))


@pytest.mark.parametrize("change", ["total", "nonce", "count", "root", "voucher"])
def test_a_voucher_covers_each_receipt_once(change: str) -> None:
    """A voucher that is not exactly for what has none is invalid."""
    one, two = opened()
    agreement = work(one, two, 500, 100)
    one.pay(two)
    one.say(Receipt(agreement, ROOT, 1, 10), two)
    owed = one.channel(two).mine
    right = {"nonce": 2, "total": 110, "root": _root(one, two), "count": 1, "voucher": owed.voucher}
    wrong = {"nonce": 3, "total": 100, "root": ROOT, "count": 2, "voucher": named("other")}
    with pytest.raises(Invalid, match="voucher"):
        two.take(one.write(Voucher(**{**right, change: wrong[change]}), two))  # type: ignore[arg-type]


def _root(one: Keeper, two: Keeper) -> bytes:
    from peers.clearing import next_voucher

    voucher = next_voucher(one.channel(two).mine)
    assert voucher is not None
    return voucher.root


def test_what_is_closed_is_set_free() -> None:
    """Closing an agreement frees what was set aside, and what was applied is still owed."""
    one, two = opened()
    agreement = work(one, two, 900, 100)
    one.say(Close(agreement), two)
    assert two.channel(one).room() == 900
    with pytest.raises(Invalid):
        two.take(one.write(Receipt(agreement, ROOT, 1, 1), two))


def test_a_provider_that_waits_no_more_still_takes_receipts() -> None:
    """What a provider no longer waits for is free to be lent, and counts when it comes."""
    one, two = opened()
    agreement = work(one, two, 900)
    two.say(Close(agreement), one)
    assert two.channel(one).room() == 1_000
    one.say(Receipt(agreement, ROOT, 1, 100), two)
    assert two.channel(one).room() == 900


def test_two_entries_in_one_place_are_seen() -> None:
    """An entry in the place of one that was taken is out of place, and changes nothing."""
    one, two = opened()
    fork = one.write(Limit(7), two)
    one.say(Limit(5), two)
    before = two.ledger
    with pytest.raises(OutOfPlace):
        two.take(fork)
    assert two.ledger == before


def test_a_missing_entry_is_seen() -> None:
    """An entry is not taken before those that its author signed before it."""
    one, two = opened()
    one.take(one.write(Limit(5), two))
    with pytest.raises(OutOfPlace):
        two.take(one.write(Limit(6), two))


def test_a_ledger_is_its_entries() -> None:
    """Replaying what was taken gives the same ledger."""
    one, two = opened()
    work(one, two, 500, 120)
    one.pay(two)
    assert replay(two.peer, two.log) == two.ledger
    assert replay(one.peer, one.log) == one.ledger


def test_a_channel_ends_at_exactly_zero() -> None:
    """Both sign its end when nobody owes anything; what they do next is in another channel."""
    one, two = opened()
    done = work(one, two, 500, 100)
    one.pay(two)
    one.say(Close(done), two)
    with pytest.raises(Refused):
        _end(one, two)
    back = work(two, one, 500, 100, name="back")
    two.pay(one)
    two.say(Close(back), one)
    _end(one, two)
    _end(two, one)
    assert one.channel(two).generation == two.channel(one).generation == 1
    one.say(Open(two.peer.key, 1, 10), two)
    assert two.channel(one).theirs.limit == 10


def _end(one: Keeper, two: Keeper) -> None:
    channel = one.channel(two)
    standings = channel.in_order(channel.mine.standing, channel.theirs.standing)
    one.say(Checkpoint(1, standings, is_final=True), two)


def test_who_ends_a_channel_says_nothing_more_in_it() -> None:
    """Between an end that one signed and the other's answer nothing can come to be owed."""
    one, two = opened()
    _end(one, two)
    with pytest.raises(Invalid):
        two.take(one.write(Limit(1), two))


def test_a_reset_adds_to_what_one_side_owes() -> None:
    """People who settle something raise what the other owes; no total ever falls."""
    one, two = opened()
    agreement = work(one, two, 500, 100)
    one.pay(two)
    body = Reset(1, one.channel(two).in_order(0, 100), "paid in kind")
    one.say(body, two)
    assert one.channel(two).balance == -100
    one.say(Receipt(agreement, ROOT, 1, 7), two)  # what comes meanwhile counts besides
    two.say(body, one)
    one.pay(two)
    assert one.channel(two).balance == -7
    assert two.channel(one).balance == 7


def test_what_was_signed_is_answered_before_another_is() -> None:
    """Else the two could hold different things to be in force."""
    one, two = opened()
    one.say(Reset(1, (5, 0), "gift"), two)
    with pytest.raises(Invalid, match="not answered"):
        two.take(one.write(Reset(2, (6, 0), "gift"), two))
    two.say(Reset(1, (0, 9), "no"), one)
    one.say(Reset(2, (6, 0), "gift"), two)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (Reset(2, (0, 5), "far ahead"), "one more than the last"),
        (Reset(2**53 - 1, (0, 5), "the last of all"), "one more than the last"),
        (Reset(1, (5, 5), "as if it had been settled"), "one side"),
    ],
)
def test_what_no_honest_peer_sets_anew_is_not_taken(body: Reset, said: str) -> None:
    """Numbers come one after the other, or there would be none left; and nothing looks settled."""
    one, two = opened()
    with pytest.raises(Invalid, match=said):
        two.take(one.write(body, two))


def test_a_convict_is_lent_nothing_and_is_still_owed() -> None:
    """Proof against a peer freezes what is lent to it, and cancels no debt to it."""
    one, two = opened()
    agreement = work(one, two, 500, 100)
    one.say(Fraud(two.peer.key, named("proof")))
    assert one.channel(two).room() == 0
    one.say(Receipt(agreement, ROOT, 1, 50), two)
    one.pay(two)
    assert two.channel(one).balance == 150


def test_a_restored_log_goes_on_in_a_new_epoch() -> None:
    """What was lost with a file is taken again from whoever has it, and nothing is signed twice."""
    one, two = opened()
    saved = one.ledger, list(one.log)
    work(one, two, 500, 100)
    one.pay(two)
    lost = one.log[len(saved[1]) :]
    one.ledger, one.log = saved
    body = Epoch("the file was restored")
    entry = follow(one.ledger, body, None, 0, epoch=one.ledger.epoch + 1)
    one.take(write(entry, body, one.key))
    for written in lost:
        one.take(written)
    assert one.channel(two).balance == -100
    one.say(Limit(9), two)
    assert two.channel(one).theirs.limit == 9
    assert replay(one.peer, one.log) == one.ledger


def test_a_log_begins_once() -> None:
    """A second genesis is no entry of a log, and neither is one that skips a number."""
    one, _ = opened()
    with pytest.raises(Invalid):
        one.take(one.write(Genesis(bytes(16))))
