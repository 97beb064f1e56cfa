"""Breaches: what an author signed that contradicts what it rests on."""

import pytest

from engine.errors import Damaged
from peers.breaches import CAP, RECEIPT, TOTAL, check
from peers.entries import Agreed, Limit, Open, Receipt, Reset, Royalty, Voucher
from peers.entry import Written
from tests.peers.bills import billed
from tests.peers.frauds import low_total, offer, over_cap, placed, wrong_receipt
from tests.peers.ledgers import ROOT, Keeper, named, opened, work

ONE = Keeper(1)
AGREEMENT, OFFER = offer(ONE, Keeper(2), 100)
GIVEN = placed(ONE, Receipt(AGREEMENT, ROOT, 1, 60))


def receipt(number: int = 6, amount: int = 60, **other: object) -> Written:
    """Return another receipt under the agreement."""
    return placed(ONE, Receipt(AGREEMENT, ROOT, 1, amount), number, **other)


def evidence(*entries: Written) -> list[bytes]:
    """Return an offer and some receipts."""
    return [OFFER, *(entry.signed for entry in entries)]


def test_receipts_over_the_price_cap_convict() -> None:
    """Together, by one micro-credit."""
    assert check(CAP, over_cap()) == ONE.peer
    assert check(CAP, evidence(GIVEN, receipt(amount=41))) == ONE.peer
    assert check(CAP, evidence(receipt(amount=101))) == ONE.peer


@pytest.mark.parametrize(
    "entries",
    [
        (GIVEN,),
        (GIVEN, receipt(amount=40)),
        (GIVEN, GIVEN),
        (receipt(7), receipt(6)),
        (GIVEN, receipt(epoch=2)),
        (GIVEN, receipt(channel=bytes(32))),
        (GIVEN, placed(ONE, Receipt(named("other"), ROOT, 1, 60), 6)),
        (GIVEN, placed(Keeper(3), Receipt(AGREEMENT, ROOT, 1, 60), 6)),
        (GIVEN, receipt(amount=41), placed(ONE, Limit(1), 7)),
    ],
)
def test_no_other_receipts_convict(entries: tuple[Written, ...]) -> None:
    """Within the cap, one of them twice, of two epochs, under another agreement, by another."""
    with pytest.raises(Damaged):
        check(CAP, evidence(*entries))


def test_an_offer_is_of_who_gives_receipts() -> None:
    """Nobody is bound by what somebody else signed, or by nothing."""
    theirs, signed = offer(Keeper(3), Keeper(2), 1)
    with pytest.raises(Damaged):
        check(CAP, [signed, placed(ONE, Receipt(theirs, ROOT, 1, 2)).signed])
    with pytest.raises(Damaged):
        check(CAP, [OFFER])


@pytest.mark.parametrize(
    "other", [{"amount": 101}, {"count": 1}, {"root": ROOT}, {"agreement": named("other")}]
)
def test_a_receipt_that_is_not_of_its_lines_convicts(other: dict[str, object]) -> None:
    """Whichever part of it is not what the lines that it names come to."""
    assert check(RECEIPT, wrong_receipt(**other)) == ONE.peer


def test_a_receipt_of_its_lines_does_not() -> None:
    """Nor other lines than those that it names, nor lines that are none, nor another entry."""
    right, wrong = wrong_receipt(amount=100), wrong_receipt()
    (lines,) = billed(AGREEMENT, 5)[1]
    limit = placed(ONE, Limit(1), refs=(lines.cid,)).signed
    parts = (right, [wrong[0], lines.data], [wrong[0], wrong[0]], [limit, lines.data], wrong * 2)
    for evidence in parts:
        with pytest.raises(Damaged):
            check(RECEIPT, evidence)


def test_a_voucher_for_less_than_it_covers_convicts() -> None:
    """From the entry that opened the channel, or from the voucher before."""
    assert check(TOTAL, low_total()) == ONE.peer
    one, two, first = _vouchered()
    owed = [one.say(Receipt(named("run"), ROOT, 1, 7), two)]
    owed.append(one.say(Royalty(named("run"), named("manifest"), 5, 5), two))
    for voucher in (Voucher(2, 111, ROOT, 2, first.id), Voucher(3, 112, ROOT, 2, first.id)):
        chain = [first, *owed, one.write(voucher, two)]
        assert check(TOTAL, [entry.signed for entry in chain]) == one.peer


def _vouchered() -> tuple[Keeper, Keeper, Written]:
    one, two = opened()
    work(one, two, 500, 100)
    one.pay(two)
    return one, two, one.log[-1]


def test_a_voucher_for_what_it_covers_does_not() -> None:
    """Nor one for more: people may have settled it so."""
    one, two, first = _vouchered()
    owed = one.say(Receipt(named("run"), ROOT, 1, 7), two)
    reset = one.say(Reset(1, one.channel(two).in_order(150, 0), "it was paid"), two)
    for total in (107, 150):
        last = one.write(Voucher(2, total, ROOT, 1, first.id), two)
        with pytest.raises(Damaged, match="as it should be"):
            check(TOTAL, [entry.signed for entry in (first, owed, reset, last)])


def test_what_leads_to_a_voucher_has_no_gap() -> None:
    """Nothing left out, nothing from elsewhere, no voucher between, and a beginning."""
    one, two, first = _vouchered()
    opening = next(entry for entry in one.log if isinstance(entry.body, Open))
    paid = one.log[one.log.index(opening) :]
    mine = [entry for entry in paid if entry.author == one.peer]
    owed = one.say(Receipt(named("run"), ROOT, 1, 7), two)
    last = one.write(Voucher(2, 0, ROOT, 1, first.id), two)
    theirs = next(entry for entry in two.log if isinstance(entry.body, Agreed))
    assert check(TOTAL, [entry.signed for entry in (first, owed, last)])
    for chain in (
        (first, last),
        (owed, last),
        (first, theirs, last),
        (first, owed),
        (*mine, owed, last),
        (last,),
        (),
    ):
        with pytest.raises(Damaged):
            check(TOTAL, [entry.signed for entry in chain])


def test_what_is_in_no_channel_follows_nothing_there() -> None:
    """A voucher must be in one."""
    first = placed(ONE, Voucher(1, 5, ROOT, 1, None), channel=None, before=None)
    last = placed(ONE, Voucher(2, 4, ROOT, 1, first.id), 6, channel=None, before=None)
    with pytest.raises(Damaged):
        check(TOTAL, [first.signed, last.signed])
