"""What authors get: once, whatever crashes between, and with no look at the whole ledger."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from peers import entry, payment_history
from peers.agreement import MARK_BYTES, OFFER, Agreement
from peers.audit import AtOnce
from peers.channel import Channel
from peers.entries import Checkpoint, Open, Royalty
from peers.ledger_book import signing
from peers.payments import Bill
from peers.pruning import prune
from peers.receipts import Line
from peers.royalties import Royalties
from peers.royalty import MANIFEST, Author, Manifest
from peers.signed import seal, unseal
from tests.peers.banks import Bank, until
from tests.peers.bills import offered

BATCH = Cid.of(RAW, b"batch")
PER_RUN, PER_WORK = 7, 10  # of a manifest, for a run and for work of a hundred


def end(bank: Bank) -> None:
    """Stop a node."""
    bank.close()
    bank.close = lambda: None  # type: ignore[method-assign]


def manifest_of(author: Bank, most: int = 10**6) -> Block:
    """Return a manifest of one author."""
    named = (Author(author.peer.key, 1),)
    return seal(MANIFEST, Manifest(None, named, PER_RUN, 1_000, most), author.identity)


def worked(one: Bank, two: Bank, royalties: Royalties, count: int) -> list[Agreement]:
    """Return agreements of one run, under each of which work of a hundred was paid."""
    agreements = []
    for number in range(count):
        name = "run".ljust(MARK_BYTES) + f"{number}"
        offer = offered(one.identity, two.peer.key, 100, name, royalties.cids)
        one.payments.begin(two.peer, offer.cid, lambda _: None)
        two.credit.agree(one.peer, offer, 100, lambda: None)
        line = Line(Cid.of(RAW, name.encode()), None, "ran", 1, 0, 100, 0, 100)
        bill = Bill(offer.cid, BATCH, (line,), royalties)
        one.payments.bill(two.peer, bill, lambda: None)
        agreements.append(Agreement(offer.cid, unseal(OFFER, offer.data).value))
    until(lambda: two.balance(one) == 100 * count, one, two)
    return agreements


def met(one: Bank, two: Bank) -> None:
    """Connect two peers."""
    one.meet(two)
    until(lambda: two.lines.control(one.peer) and one.lines.control(two.peer), one, two)


def account(one: Bank, two: Bank) -> Channel:
    """Return how one stands with another."""
    return one.treasury.account(two.peer)


def test_all_of_a_run_brings_its_fixed_part_once(
    opened: Callable[..., Bank], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether its agreements end before or after a start; the ledger is read for that once."""
    one, two, author = opened(1), opened(2), opened(3)
    met(one, two)
    royalties = Royalties([manifest_of(author).data])
    agreements = worked(one, two, royalties, 3)
    with monkeypatch.context() as patch:
        patch.setattr(payment_history, "given", lambda _: pytest.fail("it is read again"))
        for agreement in agreements[:2]:
            one.payments.end(agreement, royalties, lambda: None)
        until(lambda: one.balance(author) == -(PER_RUN + 2 * PER_WORK), one, two)
    end(one)
    again = opened(1)
    until(lambda: again.balance(author) == -(PER_RUN + 3 * PER_WORK), again, two)


def test_what_was_given_is_read_with_no_look_at_signatures(
    opened: Callable[..., Bank], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is this peer's own, and was in its ledger before."""
    one, two, author = opened(1), opened(2), opened(3)
    met(one, two)
    royalties = Royalties([manifest_of(author).data])
    one.payments.end(worked(one, two, royalties, 1)[0], royalties, lambda: None)
    until(lambda: one.balance(author) == -(PER_RUN + PER_WORK), one, two)
    monkeypatch.setattr(entry, "is_signed", lambda _: pytest.fail("it is looked at"))
    (given,) = payment_history.given(one.book)
    assert (given.author, given.pool) == (author.peer, PER_RUN + PER_WORK)


def test_an_end_that_was_cut_short_is_completed_first(opened: Callable[..., Bank]) -> None:
    """Who has its part gets no more; who has not gets the fixed part too, as it was begun."""
    one, two, author, other = (opened(number) for number in (1, 2, 3, 4))
    met(one, two)
    blocks = [manifest_of(author), manifest_of(other)]
    royalties = Royalties([block.data for block in blocks])
    cut_short = max(worked(one, two, royalties, 3), key=lambda of: of.cid)  # it would come last
    one.treasury.enter(author.peer, Open(author.peer.key, 0, 0))
    pool = PER_RUN + PER_WORK
    body = Royalty(cut_short.cid, blocks[0].cid, pool, pool)
    one.treasury.enter(author.peer, body, evidence=blocks[:1])
    end(one)
    again = opened(1)
    until(lambda: not account(again, two).agreements, again, two)
    for each in (author, other):
        until(lambda each=each: again.balance(each) == -(PER_RUN + 3 * PER_WORK), again, two)


@pytest.mark.parametrize("is_author_first", [True, False])
def test_what_comes_back_after_a_loss_is_not_given_again(
    opened: Callable[..., Bank], tmp_path: Path, *, is_author_first: bool
) -> None:
    """The author was told, and the provider never heard of the end: that is ended anew."""
    one, two, author = opened(1), opened(2), opened(3)
    met(one, two)
    royalties = Royalties([manifest_of(author).data])
    (agreement,) = worked(one, two, royalties, 1)
    end(one)
    shutil.copytree(one.home, tmp_path / "backup")
    later = opened(1)
    met(later, author)
    until(lambda: author.balance(later) == PER_RUN + PER_WORK, later, author)
    end(later)
    restored = opened(1, "backup")
    assert agreement.cid in account(restored, two).agreements
    for other in (author, two) if is_author_first else (two, author):
        met(restored, other)
        until(lambda other=other: restored.treasury.may_sign(other.peer), restored, other)
    until(lambda: not account(two, restored).agreements, restored, two, author)
    until(lambda: restored.balance(author) == -(PER_RUN + PER_WORK), restored, author)
    assert author.balance(restored) == PER_RUN + PER_WORK
    assert account(restored, author).mine.debt == PER_RUN + PER_WORK


def restored(opened: Callable[..., Bank], bank: Bank) -> Bank:
    """Return a bank whose ledger was put back as it was: it has to hear from others first."""
    end(bank)
    ledger = bank.home / "ledger.db"
    shutil.copy(ledger, bank.home / "copy")
    (bank.home / "copy").replace(ledger)
    return opened(1)


@pytest.mark.parametrize("starts", [0, 1, 2])
def test_an_author_that_is_not_heard_gets_its_part_when_it_is(
    opened: Callable[..., Bank], starts: int
) -> None:
    """Its agreements end at once, and it gets all of it once, whoever starts anew meanwhile."""
    first, two, here, gone = (opened(number) for number in (1, 2, 3, 4))
    one = restored(opened, first)
    for other in (two, here):
        met(one, other)
        until(lambda other=other: one.treasury.may_sign(other.peer), one, other)
    blocks = [manifest_of(here), manifest_of(gone)]
    royalties = Royalties([block.data for block in blocks])
    for agreement in worked(one, two, royalties, 2):
        one.payments.end(agreement, royalties, lambda: None)
    until(lambda: not account(two, one).agreements, one, two)
    whole = PER_RUN + 2 * PER_WORK
    until(lambda: here.balance(one) == whole, one, two, here)
    for _ in range(starts):
        end(one)
        one = opened(1)
    assert not one.treasury.may_sign(gone.peer)
    met(one, gone)
    until(lambda: gone.balance(one) == whole, one, gone)
    end(one)
    one = opened(1)
    for other in (here, gone):
        met(one, other)
        until(lambda other=other: one.treasury.may_sign(other.peer), one, other)
    assert [account(one, other).mine.debt for other in (here, gone)] == [whole, whole]


def test_an_author_whose_channel_is_ending_gets_its_part_in_the_next(
    opened: Callable[..., Bank],
) -> None:
    """An agreement does not wait for its answer, nor is the part forgotten by a new start."""
    one, two, author = opened(1), opened(2), opened(3)
    met(one, two)
    one.treasury.enter(author.peer, Open(author.peer.key, 0, 0))
    one.settlement.end(author.peer)
    royalties = Royalties([manifest_of(author).data])
    one.payments.end(worked(one, two, royalties, 1)[0], royalties, lambda: None)
    until(lambda: not account(two, one).agreements, one, two)
    end(one)
    again = opened(1)
    met(again, author)
    until(lambda: author.balance(again) == PER_RUN + PER_WORK, again, author)
    assert account(again, author).generation == 1


def test_who_was_paid_before_entries_were_pruned_is_not_paid_again(
    opened: Callable[..., Bank],
) -> None:
    """Nobody knows any more what they were given then."""
    one, two, author = opened(1), opened(2), opened(3)
    met(one, two)
    met(one, author)
    author.treasury.enter(one.peer, Open(one.peer.key, 0, 0))
    royalties = Royalties([manifest_of(author).data])
    one.payments.end(worked(one, two, royalties, 1)[0], royalties, lambda: None)
    until(lambda: author.balance(one) == PER_RUN + PER_WORK, one, author)
    now = account(one, author)
    standings = now.in_order(now.mine.standing, now.theirs.standing)
    one.treasury.enter(author.peer, Checkpoint(1, standings, is_final=False))
    until(lambda: account(one, author).checkpoint, one, author)
    end(one)
    with signing(one.home, one.peer) as book:
        assert prune(book, AtOnce()).entries
        assert payment_history.pruned(book) == {author.peer}
    again = restored(opened, opened(1))
    met(again, author)
    until(lambda: again.treasury.may_sign(author.peer), again, author)
    again.turn()
    assert account(again, author).mine.debt == PER_RUN + PER_WORK
