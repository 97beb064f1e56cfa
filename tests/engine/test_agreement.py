"""What the journal says of a run's steps, beside what the run ended with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.agreement import disagreeing
from engine.claims import Claims
from engine.content.cid import DAG_CBOR, Cid
from engine.database import Database
from engine.errors import Damaged
from engine.journal import Journal
from engine.rows import WHOLE, NewRun, StepRow
from engine.runblocks import run_blocks
from engine.store.memory import MemoryStore
from engine.summary import of_rows
from engine.workflow.graph import groups
from engine.workflow.model import WORKFLOW
from engine.workflow.parameters import bind
from tests.engine.workflow.corpus import steps as workflow_of

LOCK, KEY, RESULT, SAID = (Cid.of(DAG_CBOR, bytes((number,))) for number in range(4))
WRITTEN = workflow_of(
    "  a: {run: x}\n  b: {run: x, scatter: {s: [0, 1]}}\n  c: {run: x, scatter: {s: [0, 1]}}\n"
)
BLOCK = WORKFLOW.block(WRITTEN)
ROWS = [
    StepRow("a", 0, "ran", KEY, RESULT, SAID, None, 5, None, None, ""),
    *(StepRow("b", at, "reused", KEY, RESULT, SAID, None, 0, None, None, "") for at in (0, 1)),
    StepRow("c", WHOLE, "skipped", None, None, None, None, 0, None, None, "no"),
]


class Home:
    """A journal with one run, and a store with its record."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()
        self.store.put([BLOCK])
        self.database = Database(folder / "state.db")
        self.claims = Claims(folder / "claims")
        self.journal = Journal(self.database, self.claims)
        self.run = self.journal.begin(NewRun(b"work", BLOCK.cid, "w", {}), b"1" * 16, 1)
        with self.database.change() as change:
            self.journal.add_steps(change, self.run.id, ROWS)

    def end(self, *, stored: bool = True) -> None:
        """End the run."""
        ordered = groups(WRITTEN, bind(WRITTEN, {}))
        blocks = run_blocks(BLOCK.cid, LOCK, {}, "succeeded", ordered, ROWS)
        if stored:
            self.store.put(blocks)
        self.journal.end(self.run.id, "succeeded", blocks[-1].cid, 2)

    def disagrees(self, change: str = "") -> bool:
        """Change the rows; return whether that is found."""
        if change:
            with self.database.change() as database:
                database.execute(change)
        return bool(tuple(disagreeing(self.store, self.journal)))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Return a home with a run of some steps."""
    home = Home(tmp_path)
    yield home
    home.claims.close()
    home.database.close()


def test_what_was_written_agrees(home: Home) -> None:
    """While it runs, and once it has ended; so does a run that only has a record."""
    assert not home.disagrees()
    home.end()
    assert not home.disagrees()
    home.journal.forget_steps(home.run.id)
    assert not home.disagrees()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE run_steps SET step = 'd' WHERE step = 'a'",
        "UPDATE run_steps SET idx = 17 WHERE step = 'b' AND idx = 1",
        "UPDATE run_steps SET idx = 17 WHERE step = 'a'",
        "UPDATE run_steps SET idx = 17 WHERE step = 'c'",
        "UPDATE run_steps SET status = 'failed' WHERE step = 'a'",
        "UPDATE run_steps SET key = result WHERE step = 'a'",
        "UPDATE run_steps SET result = key WHERE step = 'a'",
        "UPDATE run_steps SET attestation = NULL WHERE step = 'a'",
        "DELETE FROM run_steps WHERE step = 'b' AND idx = 1",
        "INSERT INTO run_steps SELECT run, step, 2, status, key, result, attestation, signed,"
        " wall_ms, stdout, stderr, note FROM run_steps WHERE step = 'b' AND idx = 1",
    ],
)
def test_another_row_does_not(home: Home, change: str) -> None:
    """Whatever a bit has made of it, and one that is gone."""
    home.end()
    assert home.disagrees(change)


def test_a_step_that_the_workflow_has_not_is_found_before_the_end(home: Home) -> None:
    """There is no record yet; nothing trips over it, neither who looks nor who makes the record."""
    assert home.disagrees("UPDATE run_steps SET step = 'd' WHERE step = 'a'")
    rows = home.journal.steps(home.run.id)
    with pytest.raises(Damaged, match="no step is called 'd'"):
        of_rows(home.store, rows, WRITTEN)
    with pytest.raises(Damaged, match="no step is called 'd'"):
        run_blocks(BLOCK.cid, LOCK, {}, "succeeded", groups(WRITTEN, bind(WRITTEN, {})), rows)


def test_without_a_record_the_rows_are_what_there_is(home: Home) -> None:
    """It can be made of them again."""
    home.end(stored=False)
    assert not home.disagrees("UPDATE run_steps SET idx = 17 WHERE step = 'b' AND idx = 1")
