"""What a home remembers of the results that it had checked, and what it believes by that."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.content.cid import DAG_CBOR, Cid
from engine.memo import UNSIGNED, Witness
from engine.trust.belief import believed
from engine.trust.book import TRUST_FILE, Found, TrustBook, recipe_of
from engine.trust.booksalvage import salvage_book
from engine.trust.draw import SURE, drawn, likelihood
from engine.trust.policy import LEAST, parse
from tests.engine.trust.parts import KEY, STEP_RUN

ONE, TWO = (Cid.of(DAG_CBOR, name) for name in (b"one", b"two"))


@pytest.fixture
def book(tmp_path: Path) -> Iterator[TrustBook]:
    """Open the book of a new home."""
    book = TrustBook(tmp_path)
    yield book
    book.close()


def said(signer: bytes, result: Cid = ONE, attestation: Cid = ONE) -> Witness:
    """Return that somebody says something of the step."""
    return Witness(KEY, result, attestation, None, signer)


def test_checks_are_counted_until_one_fails(book: TrustBook, tmp_path: Path) -> None:
    """Then from the beginning; all of it outlives the process."""
    for _ in range(3):
        book.keep([], passed=[b"a", b"b"])
    book.keep([], failed=[b"b"])
    secret = book.secret()
    again = TrustBook(tmp_path)
    assert again.passed([b"a", b"b", b"c"]) == {b"a": 3, b"b": 0}
    assert again.secret() == secret
    again.close()


def test_each_home_draws_by_a_secret_of_its_own(book: TrustBook, tmp_path: Path) -> None:
    """Nobody can know how its draws fall."""
    (tmp_path / "other").mkdir()
    other = TrustBook(tmp_path / "other")
    assert len(book.secret()) == 32
    assert other.secret() != book.secret()
    other.close()


def test_what_was_found_is_found_again(book: TrustBook) -> None:
    """The latest word on a result counts, but for one that says that it could not be told."""
    book.keep([Found(KEY, ONE, "disputed", None)])
    book.keep([Found(KEY, ONE, "wrong", TWO), Found(KEY, TWO, "confirmed", None)])
    assert set(book.found([KEY])) == {
        Found(KEY, ONE, "wrong", TWO),
        Found(KEY, TWO, "confirmed", None),
    }
    assert book.found([ONE]) == []
    book.keep([Found(KEY, ONE, "unchecked", None), Found(KEY, TWO, "nondeterministic", None)])
    assert set(book.found([KEY])) == {
        Found(KEY, ONE, "wrong", TWO),
        Found(KEY, TWO, "nondeterministic", None),
    }


def test_the_like_of_an_unsteady_step_is_known(book: TrustBook) -> None:
    """Whatever it reads; another command is another recipe, and so is one of another workflow."""
    other = replace(STEP_RUN, inputs={"data": ONE})
    book.keep([], unsteady=[(recipe_of(KEY, STEP_RUN), "it varies")])
    assert book.is_unsteady(recipe_of(KEY, other))
    assert not book.is_unsteady(recipe_of(ONE, STEP_RUN))
    assert not book.is_unsteady(recipe_of(KEY, replace(STEP_RUN, command=("false",))))


def test_whose_a_peer_is_is_noted_and_forgotten(book: TrustBook) -> None:
    """As the user says."""
    book.own(b"a", "lab")
    book.own(b"b", "lab")
    book.own(b"a", "other")
    assert book.owners() == {b"a": "other", b"b": "lab"}
    book.own(b"b", "")
    assert book.owners() == {b"a": "other"}


def test_own_results_alone_are_believed_by_own(book: TrustBook) -> None:
    """And any by any, with this machine's own before others'."""
    own, other = said(UNSIGNED), said(b"a", TWO)
    assert believed(parse("own"), book, UNSIGNED)([other]) is None
    assert believed(parse("own"), book, UNSIGNED)([other, own]) == own
    assert believed(parse("any"), book, UNSIGNED)([other]) == other
    assert believed(parse("any"), book, UNSIGNED)([other, own]) == own


def test_so_many_have_to_agree(book: TrustBook) -> None:
    """Different owners, on one result; what this machine ran needs nobody else."""
    choose = believed(parse("2"), book, UNSIGNED)
    assert choose([said(b"a"), said(b"b", TWO)]) is None
    assert choose([said(b"a", TWO), said(b"b"), said(b"c")]) == said(b"b")
    assert choose([said(b"a", TWO), said(UNSIGNED)]) == said(UNSIGNED)
    for one in (b"b", b"c"):
        book.own(one, "lab")
    assert believed(parse("2"), book, UNSIGNED)([said(b"b"), said(b"c")]) is None


def test_what_would_have_been_checked_and_was_not_is_run_again(book: TrustBook) -> None:
    """As after a kill between a result and its check; what was checked, or not drawn, is reused."""
    choose = believed(parse("audit"), book, UNSIGNED)
    assert choose([said(b"stranger")]) is None
    book.keep([Found(KEY, ONE, "confirmed", None)])
    assert choose([said(b"stranger")]) == said(b"stranger")
    book.keep([Found(KEY, ONE, "wrong", None)])
    assert choose([said(b"stranger")]) is None


def test_a_peer_of_long_standing_is_believed_but_for_the_draw(book: TrustBook) -> None:
    """By the very draw that a check is decided by."""
    for _ in range(SURE):
        book.keep([], passed=[b"a"])
    choose, likely = believed(parse("audit"), book, UNSIGNED), likelihood(SURE, LEAST)
    for number in range(50):
        one = said(b"a", ONE, Cid.of(DAG_CBOR, b"%d" % number))
        assert (choose([one]) is None) == drawn(book.secret(), one.attestation, likely)


def test_a_damaged_book_is_made_anew_of_what_is_whole(tmp_path: Path) -> None:
    """With its secret, by which draws fall as before; a row of no sense is left out."""
    book, signers = TrustBook(tmp_path), [bytes([at]) * 32 for at in range(3)]
    secret = book.secret()
    book.keep([Found(KEY, ONE, "wrong", TWO), Found(KEY, TWO, "rubbish", None)], passed=signers[:1])
    book.keep([], failed=signers[1:2])
    book.own(signers[2], "lab")
    book.close()
    with (tmp_path / TRUST_FILE).open("r+b") as file:
        file.write(bytes(100))
    assert salvage_book(tmp_path) is not None
    again = TrustBook(tmp_path)
    assert again.secret() == secret
    assert again.found([KEY]) == [Found(KEY, ONE, "wrong", TWO)]
    assert again.passed(signers) == {signers[0]: 1, signers[1]: 0}
    assert again.owners() == {signers[2]: "lab"}
    again.close()
    assert salvage_book(tmp_path) is None
