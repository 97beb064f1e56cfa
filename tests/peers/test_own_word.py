"""Our own word: of one result of a step, and never of two."""

import shutil
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.cid import Cid
from peers import own_word
from peers.agreement import Said
from peers.book import Book
from peers.equivocation import MEMORY_MS, WITHIN_MS
from peers.own_word import DIFFERS, SET_BACK, OwnWord
from tests.peers.frauds import DAY_MS
from tests.peers.ledgers import named

WEEKS_MS = 10 * 7 * DAY_MS  # from when the clock of these tests begins


def said(result: str, step: str = "step") -> Said:
    """Return what is said of a step."""
    return Said(named(step), named(result), named(f"how {result} came about"))


def give(book: Book, result: str, started_ms: int, step: str = "step") -> str:
    """Give our word for a result; return why not."""
    results = [(said(result, step), started_ms)]
    return _give_all(book, results).get(named(step), "")


def _give_all(book: Book, results: list[tuple[Said, int]]) -> dict[Cid, str]:
    word = OwnWord(book)
    refused = word.objections(results)
    with book.change() as change:
        word.enter([one for one in results if one[0].step not in refused], change)
    return refused


def forget(book: Book, now_ms: int) -> None:
    """Forget what is forgotten at a time."""
    with book.change() as change:
        own_word.forget(now_ms - MEMORY_MS, change)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    """Open a book."""
    book = Book(tmp_path / "peers.db")
    yield book
    book.close()


def test_one_result_of_a_step_is_told(book: Book) -> None:
    """As often as it comes out; another is not, and one of another step is."""
    assert give(book, "one", WEEKS_MS) == ""
    assert give(book, "two", WEEKS_MS + 1) == DIFFERS
    assert give(book, "one", WEEKS_MS + 2) == ""
    assert give(book, "two", WEEKS_MS + 3, step="another") == ""


def test_results_that_come_together_are_looked_at_each(book: Book) -> None:
    """One that may not be told keeps no other from being told, and is not entered."""
    give(book, "one", WEEKS_MS)
    refused = _give_all(book, [(said("two"), WEEKS_MS), (said("one", "another"), WEEKS_MS)])
    assert refused == {named("step"): DIFFERS}
    assert give(book, "one", WEEKS_MS) == ""
    assert give(book, "two", WEEKS_MS, step="another") == DIFFERS


def test_one_result_is_on_its_way(book: Book) -> None:
    """Until all that tell it have entered it, or do not tell it, another is not taken."""
    word = OwnWord(book)
    assert word.take(said("one"))
    assert word.take(said("one"))
    word.drop(said("one"))
    assert not word.take(said("two"))
    assert word.take(said("two", "another"))
    word.drop(said("one"))
    assert word.take(said("two"))


def test_the_word_is_forgotten_after_two_weeks(book: Book) -> None:
    """Since the last run: then no run within a week of that can still end."""
    give(book, "one", WEEKS_MS)
    give(book, "one", WEEKS_MS + DAY_MS)
    forget(book, WEEKS_MS + MEMORY_MS + DAY_MS)
    assert give(book, "two", WEEKS_MS + MEMORY_MS) == DIFFERS
    forget(book, WEEKS_MS + MEMORY_MS + DAY_MS + 1)
    assert give(book, "two", WEEKS_MS + MEMORY_MS) == ""


def test_a_clock_that_was_ahead_makes_nobody_forget(book: Book) -> None:
    """What was forgotten too early is as if it were remembered: no run from about then is told."""
    give(book, "one", WEEKS_MS)
    forget(book, 2 * WEEKS_MS)
    assert give(book, "two", WEEKS_MS + WITHIN_MS) == SET_BACK
    assert give(book, "two", WEEKS_MS + WITHIN_MS + 1) == ""
    forget(book, 2 * WEEKS_MS)
    forget(book, 2 * WEEKS_MS)
    assert give(book, "two", WEEKS_MS + WITHIN_MS) == SET_BACK


_FORGET = st.integers(10, 40)  # the day by the clock then
_GIVE = st.tuples(st.sampled_from("ab"), st.integers(0, 20), st.sampled_from("xxxy"))


@given(st.lists(_GIVE | _FORGET, min_size=8, max_size=20))
def test_no_two_results_convict(acts: list[tuple[str, int, str] | int]) -> None:
    """Whatever the clock does, and whenever it is forgotten what was said."""
    given_: list[tuple[str, int, str]] = []
    with TemporaryDirectory() as folder:
        book = Book(Path(folder) / "peers.db")
        for act in acts:
            if isinstance(act, int):
                forget(book, WEEKS_MS + act * DAY_MS)
            elif not give(book, act[0], WEEKS_MS + act[1] * DAY_MS, act[2]):
                given_.append(act)
        book.close()
    for (one, day, step), (two, other, other_step) in combinations(given_, 2):
        assert step != other_step or one == two or abs(day - other) > WITHIN_MS // DAY_MS


def test_a_book_that_is_another_than_before_is_seen(tmp_path: Path) -> None:
    """One that was made anew, or copied: what was said of steps may be lost with the other."""
    path = tmp_path / "peers.db"
    book = Book(path)
    assert book.is_other
    book.accept()
    assert not book.is_other
    book.close()
    again = Book(path)
    assert not again.is_other
    again.close()
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(path, copy / "peers.db")
    other = Book(copy / "peers.db")
    assert other.is_other
    other.close()
