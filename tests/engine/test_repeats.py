"""Runs that would do nothing again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.claims import Claims
from engine.content.cid import DAG_CBOR, Cid
from engine.database import Database
from engine.journal import Journal
from engine.memo import UNSIGNED, Memo, Witness
from engine.repeats import Repeats
from engine.rows import NewRun, StepRow

WORKFLOW, RUN, KEY, RESULT = (Cid.of(DAG_CBOR, bytes((number,))) for number in range(4))
NEW = NewRun(b"work", WORKFLOW, "sample", {})
ROWS = [StepRow("a", at, "reused", KEY, RESULT, RUN, None, 0, None, None, "") for at in range(3)]


class Home:
    """A journal, and a store of which the mark is set by hand."""

    def __init__(self, folder: Path) -> None:
        self.content_mark: bytes | None = b"content"
        self.database = Database(folder / "state.db")
        self.claims = Claims(folder / "claims")
        self.journal = Journal(self.database, self.claims)
        self.repeats = Repeats(self.database, self.journal, lambda: self.content_mark)
        with self.database.change() as change:
            witness = Witness(KEY, RESULT, RUN, None, UNSIGNED)
            Memo(self.database).add(change, [witness])

    def remember(self) -> str:
        """Do a run of which every step is reused, and remember it; return its id."""
        before = self.repeats.marks()
        row = self.journal.begin(NEW, b"1" * 16, 1)
        with self.database.change() as change:
            self.journal.add_steps(change, row.id, ROWS)
        self.journal.end(row.id, "succeeded", RUN, 2)
        assert before is not None
        self.repeats.remember(NEW.work, row.id, before)
        return row.id

    def change(self, statement: str) -> None:
        """Change the database."""
        with self.database.change() as change:
            change.execute(statement)

    def repeats_it(self, new: NewRun = NEW) -> bool:
        """Return whether the run is repeated."""
        return self.repeats.repeat(new, b"2" * 16, 3) is not None


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Open an empty home."""
    home = Home(tmp_path)
    yield home
    home.claims.close()
    home.database.close()


def test_it_has_the_steps_and_the_record_of_the_one_before(home: Home) -> None:
    """It has ended at once, under a name of its own."""
    earlier = home.remember()
    row = home.repeats.repeat(NEW, b"2" * 16, 3)
    assert row is not None
    assert (row.status, row.run, row.finished_ms, row.imported) == ("succeeded", RUN, 3, False)
    assert row.id != earlier
    assert home.journal.steps(row.id) == home.journal.steps(earlier) == ROWS
    assert home.journal.find(row.name) == row


def test_it_can_be_repeated_again_and_again(home: Home) -> None:
    """Each time like the one that was looked through."""
    home.remember()
    again = [home.repeats.repeat(NEW, bytes((n,)) * 16, n) for n in range(5)]
    assert None not in again


def test_other_work_is_not_repeated(home: Home) -> None:
    """Other params, another lock, another version."""
    home.remember()
    assert not home.repeats_it(NewRun(b"other", WORKFLOW, "sample", {}))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM memo",
        "UPDATE memo SET place = place + 1",
        "INSERT INTO disowned VALUES (x'00')",
        "DELETE FROM run_steps WHERE idx = 1",
        "DELETE FROM runs",
        "UPDATE runs SET status = 'failed'",
    ],
)
def test_nothing_is_repeated_once_something_is_gone(home: Home, statement: str) -> None:
    """A witness, a signer's word, a row of the run, the run."""
    home.remember()
    home.change(statement)
    assert not home.repeats_it()


@pytest.mark.parametrize(
    "change", ["result = x'00'", "attestation = key", "status = 'ran'", "idx = 17", "step = 'b'"]
)
def test_nothing_is_repeated_once_a_row_was_damaged(home: Home, change: str) -> None:
    """Else the damage would be in two runs, and printed as what the steps gave."""
    home.remember()
    home.change(f"UPDATE run_steps SET {change} WHERE idx = 1")  # noqa: S608
    assert not home.repeats_it()


def test_a_new_witness_changes_nothing(home: Home) -> None:
    """The first of a home's own stands."""
    home.remember()
    with home.database.change() as change:
        Memo(home.database).add(change, [Witness(KEY, WORKFLOW, RUN, None, UNSIGNED)])
    assert home.repeats_it()


def test_without_a_mark_nothing_is_remembered(home: Home) -> None:
    """A row that a damaged disk has lost: then every run is looked through."""
    home.remember()
    home.change("DELETE FROM mark")
    assert home.repeats.marks() is None
    assert not home.repeats_it()


@pytest.mark.parametrize("mark", [b"another", None])
def test_nothing_is_repeated_once_content_may_be_gone(home: Home, mark: bytes | None) -> None:
    """Or while it may go without a word."""
    home.remember()
    home.content_mark = mark
    assert not home.repeats_it()


def test_what_went_while_the_run_looked_counts(home: Home) -> None:
    """The marks are those from before it looked."""
    before = home.repeats.marks()
    home.change("DELETE FROM memo")
    assert before is not None
    home.repeats.remember(NEW.work, home.remember(), before)
    assert not home.repeats_it()


def test_an_interrupted_run_is_gone_on_with_first(home: Home) -> None:
    """Running the same command again goes on with it."""
    home.remember()
    home.journal.begin(NEW, b"3" * 16, 3)
    assert not home.repeats_it()


def test_nothing_can_be_remembered_while_content_may_go_without_a_word(home: Home) -> None:
    """As of blocks in a user's own files."""
    home.content_mark = None
    assert home.repeats.marks() is None
