"""Payments and credit: two ledgers on disk, over real connections."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.errors import Refused, Unavailable
from peers import clearing, payments
from peers.agreement import OFFER, Agreement
from peers.credit_line import MOST_AGREED
from peers.entries import MAX_WHY, Dispute, Epoch, Limit, Reset
from peers.entry import Written
from peers.ledger_place import KEY
from peers.payments import MAX_DISPUTES, Bill
from peers.receipts import Line
from peers.royalties import NOBODY, Royalties
from peers.royalty import MANIFEST, Author, Manifest, Parent
from peers.signed import seal, unseal
from tests.peers.banks import Bank, until
from tests.peers.bills import offered

BATCH = Cid.of(RAW, b"batch")


def nothing(*_: object) -> None:
    """Do nothing more."""


def keep_all(home: Path, backup: Path) -> None:
    """Make a backup of a home."""
    shutil.copytree(home, backup)


def keep_key(_home: Path, backup: Path) -> None:
    """Make one that has the key alone; those of the tests are in no file."""
    (backup / KEY).parent.mkdir(parents=True)
    (backup / KEY).touch()


def lines(*amounts: int) -> tuple[Line, ...]:
    """Return what is paid for some steps, at a thousand a second."""
    steps = [Cid.of(RAW, b"step%d" % at) for at in range(len(amounts))]
    return tuple(
        Line(step, None, "ran", 1, 0, amount, 0, amount)
        for step, amount in zip(steps, amounts, strict=True)
    )


def agreement_of(offer: Block) -> Agreement:
    """Return an offer as what was agreed."""
    return Agreement(offer.cid, unseal(OFFER, offer.data).value)


def agree(
    requester: Bank,
    provider: Bank,
    cap: int,
    name: str = "run",
    royalties: Royalties = NOBODY,
) -> Block:
    """Have a provider take an offer; return it."""
    offer = offered(requester.identity, provider.peer.key, cap, name, royalties.cids)
    requester.payments.begin(provider.peer, offer.cid, nothing)
    provider.credit.agree(requester.peer, offer, cap, lambda: None)
    return offer


def test_what_is_paid_is_owed_on_both_sides(opened: Callable[..., Bank]) -> None:
    """Receipts wait for the provider's word; a voucher follows; both files say the same."""
    one, two = opened(1), opened(2)
    one.meet(two)
    offer = offered(one.identity, two.peer.key, 500)
    one.payments.begin(two.peer, offer.cid, nothing)
    paid: list[None] = []
    one.payments.bill(two.peer, Bill(offer.cid, BATCH, lines(20, 30)), lambda: paid.append(None))
    assert not paid
    until(lambda: two.lines.control(one.peer), one, two)
    two.credit.agree(one.peer, offer, 500, lambda: None)
    until(lambda: one.balance(two) == -50 and two.balance(one) == 50, one, two)
    assert paid
    one.payments.end(agreement_of(offer), NOBODY, nothing)
    until(lambda: not two.treasury.account(one.peer).agreements, one, two)
    assert two.credit.room(one.peer) == 950


def test_what_was_agreed_in_vain_ends(opened: Callable[..., Bank]) -> None:
    """Who was given no step, and was owed nothing before, has all of the limit back."""
    one, two = opened(1), opened(2)
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    offer = agree(one, two, 500)
    one.payments.end(agreement_of(offer), NOBODY, nothing)
    until(lambda: offer.cid in two.treasury.account(one.peer).agreements, one, two)
    assert two.credit.room(one.peer) == 500
    until(lambda: not two.treasury.account(one.peer).agreements, one, two)
    assert two.credit.room(one.peer) == 1_000


def test_over_the_limit_nothing_is_agreed(opened: Callable[..., Bank]) -> None:
    """A newcomer may owe a little; the provider says how much."""
    one, two = opened(1), opened(2)
    offer = offered(one.identity, two.peer.key, 1_001)
    assert "over your limit" in two.credit.objection(one.peer, offer.cid, 1_001)
    assert two.credit.objection(one.peer, offer.cid, 1_000) == ""
    agree(one, two, 600)
    assert "0.0004" in two.credit.objection(one.peer, offer.cid, 401)


def test_agreements_of_one_peer_are_counted(opened: Callable[..., Bank]) -> None:
    """However little they are for, both sides have room for those that the other accepts."""
    one, two = opened(1), opened(2)
    for number in range(MOST_AGREED):
        offer = offered(one.identity, two.peer.key, 1, f"run {number}")
        assert two.credit.objection(one.peer, offer.cid, 1) == ""
        two.credit.agree(one.peer, offer, 1, nothing)
    more = offered(one.identity, two.peer.key, 1, "more")
    assert "512 agreements" in two.credit.objection(one.peer, more.cid, 1)
    assert two.credit.objection(one.peer, offer.cid, 1) == ""


def test_what_nobody_wants_is_ended(opened: Callable[..., Bank]) -> None:
    """A provider that was killed when it had agreed, and was waited for no more, is told so."""
    one, two = opened(1), opened(2)
    offer = offered(one.identity, two.peer.key, 500)
    one.payments.begin(two.peer, offer.cid, nothing)
    two.credit.agree(one.peer, offer, 500, nothing)
    one.payments.end(agreement_of(offer), NOBODY, nothing)
    one.meet(two)
    until(lambda: one.treasury.account(two.peer).theirs.is_open, one, two)
    until(lambda: not two.treasury.account(one.peer).agreements, one, two)
    assert not one.treasury.account(two.peer).agreements
    assert one.payments.room(two.peer, 1_000) == two.credit.room(one.peer) == 1_000


def test_a_limit_grows_with_what_was_paid_back(opened: Callable[..., Bank]) -> None:
    """Half of what both owed each other, by the policy."""
    one, two = opened(1), opened(2)
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    there = agree(one, two, 900)
    one.payments.bill(two.peer, Bill(there.cid, BATCH, lines(900)), nothing)
    until(lambda: two.balance(one) == 900, one, two)
    back = agree(two, one, 800, "back")
    two.payments.bill(one.peer, Bill(back.cid, BATCH, lines(800)), nothing)
    until(lambda: two.treasury.account(one.peer).mine.limit == 1_400, one, two)
    until(lambda: one.treasury.account(two.peer).theirs.limit == 1_400, one, two)


def test_a_ledger_goes_on_where_it_was(opened: Callable[..., Bank]) -> None:
    """After a start from what is on disk; an agreement of a run that is gone is ended."""
    one, two = opened(1), opened(2)
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    offer = agree(one, two, 500)
    one.payments.bill(two.peer, Bill(offer.cid, BATCH, lines(70)), nothing)
    until(lambda: two.balance(one) == 70, one, two)
    one.close()
    one.close = lambda: None  # type: ignore[method-assign]
    again = opened(1)
    again.meet(two)
    until(lambda: not two.treasury.account(one.peer).agreements, again, two)
    assert (again.balance(two), two.balance(again)) == (-70, 70)


def test_what_was_owed_is_paid_once(opened: Callable[..., Bank]) -> None:
    """What is in the memo and has no receipt gets one; what has one does not."""
    one, two = opened(1), opened(2)
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    offer = agree(one, two, 500)
    due = lines(10, 20)
    one.payments.bill(two.peer, Bill(offer.cid, BATCH, due[:1]), nothing)
    until(lambda: two.balance(one) == 10, one, two)
    with one.database.change() as change:
        one.dues.add(change, two.peer, offer.cid, BATCH, due)
    one.close()
    one.close = lambda: None  # type: ignore[method-assign]
    again = opened(1)
    again.meet(two)
    until(lambda: two.balance(again) == 30, again, two)
    assert again.settled == [BATCH]


def test_what_was_owed_before_it_was_agreed_is_paid(opened: Callable[..., Bank]) -> None:
    """Results may come before a provider's word; who is killed between pays when that comes."""
    one, two = opened(1), opened(2)
    offer = offered(one.identity, two.peer.key, 500)
    with one.database.change() as change:
        one.dues.add(change, two.peer, offer.cid, BATCH, lines(10, 20))
    one.close()
    one.close = lambda: None  # type: ignore[method-assign]
    again = opened(1)
    two.credit.agree(one.peer, offer, 500, nothing)
    again.meet(two)
    until(lambda: two.balance(again) == 30, again, two)
    until(lambda: not two.treasury.account(one.peer).agreements, again, two)
    assert again.settled == [BATCH]
    assert two.credit.paid(one.peer, offer.cid) == 0


def test_a_full_disk_delays(opened: Callable[..., Bank], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of what could not be written is said; with room again all is, once."""
    one, two = opened(1), opened(2)
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    offer = agree(one, two, 500)
    until(lambda: one.treasury.account(two.peer).agreements, one, two)
    enter, is_full = one.book.enter, [True]

    def fails(*what: Any, **how: Any) -> None:
        if is_full[0]:
            raise Unavailable("the disk is full")
        enter(*what, **how)

    monkeypatch.setattr(one.book, "enter", fails)
    paid: list[None] = []
    one.payments.bill(two.peer, Bill(offer.cid, BATCH, lines(70)), lambda: paid.append(None))
    until(lambda: one.said.count("ledger not written") == 2, one, two)
    assert not paid
    assert two.treasury.account(one.peer).theirs.debt == 0
    is_full[0] = False
    until(lambda: two.balance(one) == 70, one, two)
    assert paid == [None]


def test_of_an_agreement_few_disputes_are_said(opened: Callable[..., Bank]) -> None:
    """And what is owed is heard all the same."""
    one, two = opened(1), opened(2)
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    offer = agree(one, two, 500)
    until(lambda: one.treasury.account(two.peer).agreements, one, two)
    steps = {Cid.of(RAW, b"wrong %d" % at): "wrong" for at in range(300)}
    one.payments.dispute(agreement_of(offer), steps)
    one.payments.bill(two.peer, Bill(offer.cid, BATCH, lines(70)), nothing)
    until(lambda: two.balance(one) == 70, one, two)
    bodies = [written.body for _, written in two.book.said()]
    assert sum(isinstance(body, Dispute) for body in bodies) == MAX_DISPUTES


def test_no_offer_is_taken_of_an_epoch_that_has_passed(opened: Callable[..., Bank]) -> None:
    """What was said under it may be lost, and another word for the same would be a fraud."""
    one, two = opened(1), opened(2)
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    offer = offered(one.identity, two.peer.key, 500)
    assert two.credit.objection(one.peer, offer.cid, 500) == ""
    two.treasury.note(Epoch("lost"))
    assert "anew" in two.credit.objection(one.peer, offer.cid, 500)
    now = two.credit.objection(one.peer, offer.cid, 500, two.credit.epoch)
    assert "has to hear from you first" in now


def test_who_is_not_paid_is_told_why(opened: Callable[..., Bank]) -> None:
    """Under an agreement that has not ended, and in both ledgers, whoever was there then."""
    one, two = opened(1), opened(2)
    offer = offered(one.identity, two.peer.key, 500)
    one.payments.begin(two.peer, offer.cid, nothing)
    step = Cid.of(RAW, b"step")
    one.payments.dispute(agreement_of(offer), {step: "x" * 1_000})
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    two.credit.agree(one.peer, offer, 500, lambda: None)
    until(lambda: "disputed" in two.said, one, two)
    one.payments.end(agreement_of(offer), NOBODY, nothing)
    until(lambda: not two.treasury.account(one.peer).agreements, one, two)
    one.payments.dispute(agreement_of(offer), {step: "too late"})
    until(lambda: not one.treasury.account(two.peer).agreements, one, two)
    for bank in (one, two):
        bodies = [written.body for _, written in bank.book.said()]
        assert [body for body in bodies if isinstance(body, Dispute)] == [
            Dispute(offer.cid, step, "x" * MAX_WHY)
        ]


@pytest.mark.parametrize("backup", [keep_all, keep_key])
def test_a_restored_ledger_signs_nothing_before_it_has_heard(
    opened: Callable[..., Bank], tmp_path: Path, backup: Callable[[Path, Path], object]
) -> None:
    """What was lost comes back from whom it was said to, and then it goes on."""
    one, two = opened(1), opened(2)
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    offer = agree(one, two, 500)
    until(lambda: one.treasury.account(two.peer).agreements, one, two)
    one.close()
    one.close = lambda: None  # type: ignore[method-assign]
    backup(one.home, tmp_path / "backup")
    later = opened(1)
    later.meet(two)
    until(lambda: two.lines.control(later.peer), later, two)
    more = agree(later, two, 400, "more")
    later.payments.bill(two.peer, Bill(more.cid, BATCH, lines(70)), nothing)
    until(lambda: two.balance(later) == 70, later, two)
    later.close()
    later.close = lambda: None  # type: ignore[method-assign]
    restored = opened(1, "backup")
    with pytest.raises(Refused, match="restored"):
        restored.treasury.enter(two.peer, Limit(5))
    restored.meet(two)
    until(lambda: restored.balance(two) == -70, restored, two)
    until(lambda: restored.treasury.may_sign(two.peer), restored, two)
    restored.treasury.enter(two.peer, Limit(5))
    until(lambda: two.treasury.account(one.peer).theirs.limit == 5, restored, two)
    assert offer.cid not in two.treasury.account(one.peer).agreements
    assert "blamed" not in [*restored.said, *two.said]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many receipts one voucher covers: few, and each has one line."""
    for module in (clearing, payments):
        monkeypatch.setattr(module, "MAX_PENDING", 4)
    monkeypatch.setattr(payments, "MAX_LINES", 1)
    return 4


def test_no_more_is_owed_than_one_voucher_covers(opened: Callable[..., Bank], few: int) -> None:
    """While a reset is not answered none is given: what is over waits, and is paid after it."""
    one, two = opened(1), opened(2)
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    offer = agree(one, two, 500)
    first = Bill(offer.cid, BATCH, lines(10))
    one.payments.bill(two.peer, first, nothing)
    until(lambda: two.balance(one) == 10, one, two)
    body = Reset(1, one.treasury.account(two.peer).in_order(0, 0), "nothing")
    one.treasury.enter(two.peer, body)
    paid: list[None] = []
    many = Bill(offer.cid, BATCH, lines(*[10] * (few + 2)))
    one.payments.bill(two.peer, many, lambda: paid.append(None))
    one.payments.bill(two.peer, first, lambda: paid.append(None))
    until(lambda: two.treasury.account(one.peer).theirs.debt == 10 + few * 10, one, two)
    assert (len(one.treasury.account(two.peer).mine.pending), paid) == (few, [])
    two.treasury.enter(one.peer, body)
    until(lambda: two.balance(one) == 10 + (few + 3) * 10, one, two)
    assert len(paid) == 2
    assert "not paid" not in one.said


def test_authors_are_owed_no_more_than_one_voucher_covers(
    opened: Callable[..., Bank], few: int
) -> None:
    """An agreement ends when there is room for what its authors get."""
    one, two, author = opened(1), opened(2), opened(3)
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    named = (Author(author.peer.key, 1),)
    block = seal(MANIFEST, Manifest(None, named, 0, 1_000, 10**6), author.identity)
    royalties = Royalties([block.data])
    offers = [agree(one, two, 100, f"run {at}", royalties) for at in range(few + 1)]
    for number, offer in enumerate(offers):
        one.payments.bill(two.peer, Bill(offer.cid, BATCH, lines(10), royalties), nothing)
        until(lambda at=number: two.balance(one) == 10 + at * 10, one, two)
    for offer in offers:
        one.payments.end(agreement_of(offer), royalties, nothing)
    assert len(one.treasury.account(author.peer).mine.pending) == few
    assert [*one.treasury.account(two.peer).agreements] == [offers[-1].cid]
    until(lambda: one.balance(author) == -few - 1, one)
    assert not one.treasury.account(two.peer).agreements


def test_what_is_refused_of_an_entry_holds_nothing_up(opened: Callable[..., Bank]) -> None:
    """Whoever hears of it next hears of it, and its author that it is taken."""
    one, two = opened(1), opened(2)
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)

    def refuses(_: Written) -> None:
        raise Refused("no")

    heard: list[Written] = []
    two.treasury.heard[:0] = [refuses, heard.append]
    offer = agree(one, two, 500)
    one.payments.bill(two.peer, Bill(offer.cid, BATCH, lines(70)), nothing)
    until(lambda: two.balance(one) == 70, one, two)
    assert two.said.count("not signed") == len(heard) > 3


def test_authors_get_theirs_when_an_agreement_ends(opened: Callable[..., Bank]) -> None:
    """Though they are not there: they are told when they come, to the micro-credit, and once."""
    one, two, author = opened(1), opened(2), opened(3)
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    named = (Author(author.peer.key, 1),)
    block = seal(MANIFEST, Manifest(None, named, 7, 1_000, 10**6), author.identity)
    royalties = Royalties([block.data])
    offer = agree(one, two, 500, royalties=royalties)
    one.payments.bill(two.peer, Bill(offer.cid, BATCH, lines(105), royalties), nothing)
    one.payments.end(agreement_of(offer), royalties, nothing)
    until(lambda: two.balance(one) == 105, one, two)
    until(lambda: one.balance(author) == -17, one, two)
    author.meet(one)
    until(lambda: author.balance(one) == 17, one, author)
    one.close()
    one.close = lambda: None  # type: ignore[method-assign]
    again = opened(1)
    author.meet(again)
    until(lambda: author.lines.control(again.peer), again, author)
    assert (again.balance(author), author.balance(again)) == (-17, 17)


def test_parents_of_a_manifest_go_with_what_falls_to_authors(opened: Callable[..., Bank]) -> None:
    """An author sees how its share comes about: of what names its manifest, and of its own."""
    one, two, author, elder = (opened(number) for number in (1, 2, 3, 4))
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    base = manifest_of(elder)
    block = manifest_of(author, Parent(base.cid, 4_000))
    royalties = Royalties([block.data], [base.data])
    offer = agree(one, two, 500, "run", royalties)
    one.payments.bill(two.peer, Bill(offer.cid, BATCH, lines(100), royalties), nothing)
    one.payments.end(agreement_of(offer), royalties, nothing)
    until(lambda: one.balance(author) == -10 and one.balance(elder) == -7, one, two)
    for each in (author, elder):
        each.meet(one)
        until(partial(has_all, each, block, base), one, each)
        assert each.balance(one) == -one.balance(each)


def has_all(bank: Bank, *blocks: Block) -> bool:
    """Return whether some blocks are in a ledger."""
    return all(bank.book.evidence(block.cid) == block.data for block in blocks)


def manifest_of(author: Bank, *parents: Parent) -> Block:
    """Return a manifest of one author, who gets 7 and a tenth."""
    named = (Author(author.peer.key, 1),)
    return seal(MANIFEST, Manifest(None, named, 7, 1_000, 10**6, parents), author.identity)


def test_authors_get_theirs_of_a_run_that_was_interrupted(opened: Callable[..., Bank]) -> None:
    """Who starts after a crash ends its agreements, with what they named."""
    one, two, author = opened(1), opened(2), opened(3)
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    named = (Author(author.peer.key, 1),)
    block = seal(MANIFEST, Manifest(None, named, 7, 1_000, 10**6), author.identity)
    offer = offered(one.identity, two.peer.key, 500, royalties=(block.cid,))
    one.payments.begin(two.peer, offer.cid, nothing)
    two.credit.agree(one.peer, offer, 500, nothing)
    bill = Bill(offer.cid, BATCH, lines(100), Royalties([block.data]))
    one.payments.bill(two.peer, bill, nothing)
    until(lambda: two.balance(one) == 100, one, two)
    one.close()
    one.close = lambda: None  # type: ignore[method-assign]
    again = opened(1)
    until(lambda: again.balance(author) == -17, again)


def test_authors_get_theirs_of_what_had_no_receipt_yet(opened: Callable[..., Bank]) -> None:
    """Their manifests are in the store since the run began."""
    one, two, author = opened(1), opened(2), opened(3)
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    named = (Author(author.peer.key, 1),)
    block = seal(MANIFEST, Manifest(None, named, 7, 1_000, 10**6), author.identity)
    one.store.put([block])
    offer = offered(one.identity, two.peer.key, 500, royalties=(block.cid,))
    one.payments.begin(two.peer, offer.cid, nothing)
    two.credit.agree(one.peer, offer, 500, nothing)
    until(lambda: one.treasury.account(two.peer).agreements, one, two)
    with one.database.change() as change:
        one.dues.add(change, two.peer, offer.cid, BATCH, lines(100))
    one.close()
    one.close = lambda: None  # type: ignore[method-assign]
    again = opened(1)
    until(lambda: again.balance(author) == -17 and again.balance(two) == -100, again)
