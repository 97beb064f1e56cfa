"""What a provider writes down is there when it is opened again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine import merkle
from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Damaged
from peers.agreement import (
    ACCEPTANCE,
    LEASE,
    OFFER,
    Acceptance,
    Batch,
    Lease,
    Offer,
    Said,
)
from peers.book import Book
from peers.provider_book import MAX_OWING, TRIM, ProviderBook
from peers.service import REMEMBERED
from peers.service_events import Hand, Ran
from peers.signed import seal, unseal
from peers.step_messages import Handed
from tests.peers.keys import identity

THEY, WE = identity(1), identity(2)
TERMS = Offer(bytes(16), THEY.public_key, WE.public_key, {}, 0, "own", (), 1, 1, 1, 1_000, 0)
OFFERED = seal(OFFER, TERMS, THEY)
YES = seal(ACCEPTANCE, Acceptance(OFFERED.cid), WE)
OTHER = seal(OFFER, Offer(b"x" * 16, *(getattr(TERMS, name) for name in TERMS.__slots__[1:])), THEY)


def cid(text: str) -> Cid:
    """Return the name of something."""
    return Cid.of(DAG_CBOR, text.encode())


A, B, C = map(cid, "ABC")


def said(step: Cid) -> Said:
    """Return what is said of a step."""
    return Said(step, cid("result"), cid("attestation"))


def handed(number: int, *steps: Cid) -> Handed:
    """Return a lease."""
    root = merkle.root([step.raw for step in steps])
    signed = seal(LEASE, Lease(OFFERED.cid, number, len(steps), root, 1_000), THEY).data
    return Handed(unseal(LEASE, signed), signed, steps, (), {})


def hand(number: int, *done: Ran) -> Hand:
    """Return a batch."""
    root = merkle.root([ran.said.leaf for ran in done])
    batch = Batch(OFFERED.cid, number, len(done), root)
    return Hand(batch, tuple(ran.said for ran in done), done)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    """Open a book with an agreement in it."""
    book = Book(tmp_path / "peers.db")
    with book.change() as change:
        ProviderBook(book).accept(OFFERED.data, YES.data, 1_000, change)
    yield book
    book.close()


def test_an_agreement_is_found_with_what_was_under_it(book: Book) -> None:
    """Leases, batches and their numbers; steps of which nothing was said are open."""
    kept = ProviderBook(book)
    good, bad = Ran(said(A), 7), Ran(said(B), 9, succeeded=False)
    with book.change() as change:
        kept.lease(handed(1, A, B), 2_000, change)
        kept.lease(handed(2, C), 3_000, change)
        kept.hand(hand(1, good, bad), b"signed", change)
    found = kept.kept(OFFERED.cid)
    assert found is not None
    assert (found.agreement.offer, found.acceptance) == (TERMS, YES.data)
    assert found.past.leases == {n: handed(n, *s).lease.cid for n, s in ((1, (A, B)), (2, (C,)))}
    assert (found.past.told, found.past.unconfirmed) == (1, (1,))
    assert found.past.known == {A: good}
    assert found.open == (C,)
    assert kept.batch(OFFERED.cid, 1) == (b"signed", (said(A), said(B)))
    assert kept.kept(OTHER.cid) is None


def test_a_batch_is_entered_once(book: Book) -> None:
    """A second one with its number is a mistake of ours, and changes nothing."""
    kept = ProviderBook(book)
    with book.change() as change:
        kept.hand(hand(1, Ran(said(A))), b"first", change)
    with pytest.raises(Exception, match="UNIQUE"), book.change() as change:
        kept.hand(hand(1, Ran(said(B))), b"second", change)
    assert kept.batch(OFFERED.cid, 1) == (b"first", (said(A),))


def test_who_is_owed_something_is_found_until_it_is_settled(book: Book) -> None:
    """An open lease, a batch that was not answered; both end with the agreement."""
    kept = ProviderBook(book)
    assert kept.owing(THEY.peer) == []
    with book.change() as change:
        kept.lease(handed(1, A), 2_000, change)
    assert kept.owing(THEY.peer) == [OFFERED.cid]
    assert kept.owing(WE.peer) == []
    with book.change() as change:
        kept.settle(OFFERED.cid, change)
        kept.hand(hand(1, Ran(said(A))), b"signed", change)
    assert kept.owing(THEY.peer) == [OFFERED.cid]
    with book.change() as change:
        kept.confirm(OFFERED.cid, 1, (), change)
    assert kept.owing(THEY.peer) == []
    with book.change() as change:
        kept.hand(hand(2, Ran(said(B))), b"signed", change)
        kept.end(OFFERED.cid, change)
    assert kept.owing(THEY.peer) == []


def test_what_succeeded_is_known_for_its_requester_alone(book: Book) -> None:
    """Whoever else names the step learns nothing."""
    kept = ProviderBook(book)
    with book.change() as change:
        kept.hand(hand(1, Ran(said(A)), Ran(said(B), succeeded=False)), b"signed", change)
    assert kept.said(THEY.peer, [A, B, C]) == {A: said(A)}
    assert kept.said(WE.peer, [A, B, C]) == {}


def test_what_is_long_over_is_forgotten(book: Book) -> None:
    """With all that was under it."""
    kept = ProviderBook(book)
    with book.change() as change:
        kept.hand(hand(1, Ran(said(A))), b"signed", change)
        kept.forget(1_000, change)
    assert kept.kept(OFFERED.cid) is not None
    with book.change() as change:
        kept.forget(1_001, change)
    assert kept.kept(OFFERED.cid) is None
    assert kept.said(THEY.peer, [A]) == {}


def test_rows_that_were_changed_are_damage(book: Book) -> None:
    """Signatures are looked at again when it is read."""
    with book.change() as change:
        change.execute("UPDATE engaged SET acceptance = ?", (OFFERED.data,))
    with pytest.raises(Damaged):
        ProviderBook(book).kept(OFFERED.cid)


def test_what_is_owed_is_taken_up_a_few_at_a_time(book: Book) -> None:
    """However many agreements a requester has left open: those that were used last."""
    kept, made = ProviderBook(book), []
    for number in range(MAX_OWING + 2):
        run = number.to_bytes(16, "big")
        offer = seal(OFFER, replace(TERMS, run_id=run), THEY)
        made.append(offer.cid)
        lease = seal(LEASE, Lease(offer.cid, 1, 1, merkle.root([A.raw]), 1_000), THEY).data
        with book.change() as change:
            kept.accept(offer.data, YES.data, number, change)
            kept.lease(Handed(unseal(LEASE, lease), lease, (A,), (), {}), number, change)
    assert kept.owing(THEY.peer) == made[:1:-1]


def test_leases_that_are_over_are_left_out_but_for_the_last(book: Book) -> None:
    """They may be sent again; of those that are not over each step is there, however old."""
    kept = ProviderBook(book)
    count = REMEMBERED + 5
    with book.change() as change:
        for number in range(1, count + 1):
            kept.lease(handed(number, A, B), 2_000, change)
        kept.over(OFFERED.cid, range(2, count + 1), change)
    rows = book.rows("SELECT number, length(steps) FROM leased ORDER BY number", ())
    assert rows == [(1, 72), *((n, 0) for n in range(count - REMEMBERED + 1, count + 1))]
    found = kept.kept(OFFERED.cid)
    assert found is not None
    assert (found.leases, found.open) == ({1: [A, B]}, (A, B))
    assert len(found.past.leases) == REMEMBERED
    assert max(found.past.leases) == count


def test_what_is_told_again_is_kept_once(book: Book) -> None:
    """An earlier batch goes when its requester has it; one that may be sent again stays whole."""
    kept = ProviderBook(book)
    with book.change() as change:
        kept.hand(hand(1, Ran(said(A)), Ran(said(B))), b"first", change)
        kept.hand(hand(2, Ran(said(A))), b"second", change)
    assert kept.batch(OFFERED.cid, 1) == (b"first", (said(A), said(B)))
    with book.change() as change:
        for number in (1, 2):
            kept.confirm(OFFERED.cid, number, (), change)
        kept.hand(hand(3, Ran(said(A))), b"third", change)
    assert book.rows("SELECT number FROM handed ORDER BY number", ()) == [(1,), (3,)]
    assert book.rows("SELECT number, place FROM done ORDER BY number", ()) == [(1, 1), (3, 0)]
    found = kept.kept(OFFERED.cid)
    assert found is not None
    assert (found.past.told, found.past.known.keys()) == (3, {A, B})


def test_the_oldest_of_too_much_is_left_out(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what was confirmed; what was not is still to be told."""
    monkeypatch.setattr("peers.provider_book.KNOWN", 3)
    kept = ProviderBook(book)
    for number in range(1, TRIM + 1):
        with book.change() as change:
            kept.hand(hand(number, Ran(said(cid(str(number))))), b"signed", change)
            if number > 1:
                kept.confirm(OFFERED.cid, number, (), change)
    left = [(number,) for number in (1, TRIM - 2, TRIM - 1, TRIM)]
    assert book.rows("SELECT number FROM handed ORDER BY number", ()) == left
    assert book.rows("SELECT number FROM done ORDER BY number", ()) == left


def test_a_step_that_was_leased_again_is_open(book: Book) -> None:
    """Whatever was said of it before, until that is said again."""
    kept = ProviderBook(book)
    with book.change() as change:
        kept.lease(handed(1, A), 2_000, change)
        kept.hand(hand(1, Ran(said(A))), b"signed", change)
        kept.confirm(OFFERED.cid, 1, (1,), change)
        kept.lease(handed(2, A), 2_000, change)
    found = kept.kept(OFFERED.cid)
    assert found is not None
    assert found.open == (A,)


def test_an_agreement_ends_with_its_longest_lease(book: Book) -> None:
    """And the time in which results of that still count; one that is forgotten is over."""
    kept = ProviderBook(book)
    assert kept.ends_ms(OFFERED.cid) == 1_000 + TERMS.lease_ms + TERMS.claim_ms
    assert kept.ends_ms(OTHER.cid) == 0


def test_what_was_told_before_is_known_when_it_is_told_again(book: Book) -> None:
    """Also by a program that was started anew; the first time it was not."""
    kept = ProviderBook(book)
    with book.change() as change:
        kept.hand(hand(1, Ran(said(A)), Ran(said(B))), b"first", change)
        kept.hand(hand(2, Ran(said(A)), Ran(said(C))), b"second", change)
    assert kept.had(OFFERED.cid, 1) == frozenset()
    assert kept.had(OFFERED.cid, 2) == {A}
