"""The runs of a home."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.claims import Claims
from engine.content.cid import DAG_CBOR, Cid
from engine.database import Database
from engine.errors import Damaged, Refused
from engine.journal import Journal
from engine.rows import WHOLE, NewRun, StepRow

WORKFLOW = Cid.of(DAG_CBOR, b"workflow")
RUN = Cid.of(DAG_CBOR, b"run")
ROW = StepRow("a", 0, "ran", WORKFLOW, RUN, RUN, None, 7, None, RUN, "")


class Process:
    """A journal as one process has it."""

    def __init__(self, home: Path) -> None:
        self.database = Database(home / "state.db")
        self.claims = Claims(home / "claims")
        self.journal = Journal(self.database, self.claims)

    def die(self) -> None:
        """End without having ended anything."""
        self.claims.close()
        self.database.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return an empty home."""
    return tmp_path


@pytest.fixture
def process(home: Path) -> Iterator[Process]:
    """Open its journal."""
    process = Process(home)
    yield process
    process.die()


def new(work: bytes = b"work") -> NewRun:
    """Return a run to begin."""
    return NewRun(work, WORKFLOW, "sample", {"seeds": "[0,1]"})


def token(number: int) -> bytes:
    """Return sixteen bytes that are not random."""
    return bytes((number,)) * 16


def test_a_run_begins_and_ends(process: Process) -> None:
    """It is running until its end is recorded, with its Run record."""
    row = process.journal.begin(new(), token(1), 1000)
    process.journal.end(row.id, "succeeded", RUN, 2000)

    assert row.status == "running"
    ended = process.journal.find(row.name)
    assert (ended.status, ended.run, ended.finished_ms) == ("succeeded", RUN, 2000)
    assert ended.parameters == {"seeds": "[0,1]"}


def test_an_interrupted_run_is_gone_on_with(home: Path, process: Process) -> None:
    """The same work of a process that died is the same run; other work is another."""
    dead = Process(home)
    row = dead.journal.begin(new(), token(1), 1000)
    dead.die()

    assert process.journal.find(row.id).status == "interrupted"
    other = process.journal.begin(new(b"other"), token(2), 2000)
    again = process.journal.begin(new(), token(3), 2000)

    assert again.id == row.id
    assert again.name == row.name
    assert other.id != row.id


def test_what_failed_before_an_interruption_is_forgotten(home: Path, process: Process) -> None:
    """It is tried again, and may then have instances; the row of the whole step would be one more.

    What was done stays: no other run may share it, perhaps.
    """
    dead = Process(home)
    row = dead.journal.begin(new(), token(1), 1000)
    failed = ROW._replace(step="b", index=WHOLE, status="failed")
    skipped = ROW._replace(step="c", index=WHOLE, status="skipped")
    with dead.database.change() as change:
        dead.journal.add_steps(change, row.id, [ROW, failed, skipped])
    dead.die()

    process.journal.begin(new(), token(2), 2000)
    assert process.journal.steps(row.id) == [ROW]
    process.journal.forget_steps(row.id, [("a", 0)])
    assert process.journal.steps(row.id) == []


def test_a_running_run_is_not_taken_over(home: Path, process: Process) -> None:
    """While its process lives, the same command makes a run of its own."""
    alive = Process(home)
    first = alive.journal.begin(new(), token(1), 1000)

    assert process.journal.begin(new(), token(2), 2000).id != first.id
    assert process.journal.find(first.id).status == "running"
    alive.die()


def test_names_are_not_given_twice(process: Process) -> None:
    """When two words are taken a number is added."""
    first = process.journal.begin(new(b"1"), bytes(6) + token(9), 1)
    second = process.journal.begin(new(b"2"), bytes(5) + b"\1" + token(9), 2)

    assert second.name == f"{first.name}-2"


def test_a_run_is_found_by_a_unique_beginning(process: Process) -> None:
    """Of its name, id or record; what begins more than one is refused, and so is nothing."""
    row = process.journal.begin(new(), token(1), 1000)
    process.journal.begin(new(b"2"), b"\1\2" + token(1), 1000)
    process.journal.end(row.id, "succeeded", RUN, 2000)

    assert process.journal.find(row.id[:4]).id == row.id
    assert process.journal.find(str(RUN)[:20]).id == row.id
    with pytest.raises(Refused, match="more than one"):
        process.journal.find(row.id[:2])
    with pytest.raises(Refused, match="no run") as caught:
        process.journal.find(row.name[:-1] + "x")
    assert caught.value.fix == f"did you mean '{row.name}'?"
    with pytest.raises(Refused):
        process.journal.find("")


def test_latest_is_the_run_begun_last(process: Process) -> None:
    """It needs no name, and where there is no run there is no latest."""
    with pytest.raises(Refused, match="no run 'latest'"):
        process.journal.find("latest")
    process.journal.begin(new(), token(1), 1000)
    second = process.journal.begin(new(b"2"), token(2), 2000)
    process.journal.begin(new(b"3"), token(3), 1500)
    assert process.journal.find("latest").id == second.id


def test_the_latest_word_on_a_step_counts(process: Process) -> None:
    """A step that failed and then ran has run; everything of its row comes back."""
    row = process.journal.begin(new(), token(1), 1000)
    failed = StepRow("a", 0, "failed", None, None, None, None, 0, None, None, "exit code 1")
    for step in (failed, ROW):
        with process.database.change() as change:
            process.journal.add_steps(change, row.id, [step])

    assert process.journal.steps(row.id) == [ROW]


def test_times_that_a_bit_has_changed_are_no_error_when_they_are_counted(process: Process) -> None:
    """Whoever reads the rows says that they are damaged."""
    row = process.journal.begin(new(), token(1), 1000)
    rows = [ROW._replace(index=index, wall_ms=2**63 - 1) for index in (0, 1)]
    with process.database.change() as change:
        process.journal.add_steps(change, row.id, rows)
    assert [count.instances for count in process.journal.counts(row.id)] == [2]
    with pytest.raises(Damaged, match="no time"):
        process.journal.steps(row.id)


def test_how_long_steps_took_is_known(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those that ran to their end, in the latest runs of that workflow."""
    for number, (took, title) in enumerate(((7, "sample"), (9, "sample"), (100, "another")), 1):
        begun = NewRun(bytes((number,)), WORKFLOW, title, {})
        row = process.journal.begin(begun, token(number), number * 1000)
        rows = [
            ROW._replace(wall_ms=took),
            ROW._replace(step="b", wall_ms=took + 1),
            ROW._replace(step="c", status="reused"),
            ROW._replace(step="d", status="failed"),
        ]
        with process.database.change() as change:
            process.journal.add_steps(change, row.id, rows)
    assert process.journal.durations("sample") == {"a": [7, 9], "b": [8, 10]}
    assert process.journal.durations("nothing") == {}
    monkeypatch.setattr("engine.journal.LEARNED_RUNS", 1)
    assert process.journal.durations("sample") == {"a": [9], "b": [10]}


def test_a_cancel_is_asked_for_from_elsewhere(home: Path, process: Process) -> None:
    """Another process asks; going on with the run later forgets that."""
    dying = Process(home)
    row = dying.journal.begin(new(), token(1), 1000)

    process.journal.request_cancel(row.id)
    assert dying.journal.cancel_requested(row.id)
    dying.die()
    process.journal.begin(new(), token(2), 2000)
    assert not process.journal.cancel_requested(row.id)


def test_a_change_is_made_whole_or_not_at_all(process: Process) -> None:
    """What fails in the middle leaves nothing behind."""
    row = process.journal.begin(new(), token(1), 1000)

    def fail() -> None:
        with process.database.change() as change:
            process.journal.add_steps(change, row.id, [ROW])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert process.journal.steps(row.id) == []


def test_a_newer_database_is_refused(home: Path) -> None:
    """A file of a version to come is not touched."""
    database = Database(home / "state.db")
    with database.change() as change:
        change.execute("PRAGMA user_version = 99")
    database.close()

    with pytest.raises(Refused, match="newer Tallystick"):
        Database(home / "state.db")


def test_a_damaged_database_is_said_to_be(home: Path) -> None:
    """Junk in its place is Damaged, with what to do."""
    (home / "state.db").write_bytes(b"junk" * 1000)

    with pytest.raises(Damaged, match="is damaged"):
        Database(home / "state.db")


def test_a_run_that_is_tried_again_has_what_was_done(process: Process) -> None:
    """What failed or was left out is forgotten, also of steps as a whole, and what is named."""
    row = process.journal.begin(new(), token(1), 1000)
    done = [ROW._replace(index=0), ROW._replace(index=1)]
    undone = [ROW._replace(index=2, status="failed"), ROW._replace(index=WHOLE, status="skipped")]
    with process.database.change() as change:
        process.journal.add_steps(change, row.id, done + undone)

    process.journal.retry(row.id, [("a", 1)])

    assert process.journal.steps(row.id) == [done[0]]
