"""What running steps print, as files that another process can follow."""

from pathlib import Path

import pytest

from cli import livelog
from cli.livelog import also_to_files, clear_ended, live_file, live_folder
from cli.steptree import Steps
from engine.claims import Claims
from engine.content.cid import DAG_CBOR, Cid
from engine.database import Database
from engine.journal import Journal
from engine.progress import Ended, Printed, Progress, Started
from engine.rows import NewRun

STEPS = Steps({"a": 1, "s": 2}, frozenset({"s"}))


def test_what_is_printed_can_be_read_meanwhile(tmp_path: Path) -> None:
    """Each stream of each instance has a file, which is gone when that has ended."""
    folder, seen = live_folder(tmp_path, "run"), list[Progress]()
    file = live_file(folder, "s[1]", "stdout")
    with also_to_files(tmp_path, "run", STEPS, seen.append) as watch:
        watch(Started("s", 1, 1))
        watch(Printed("s", 1, "stdout", b"one\n"))
        watch(Printed("s", 1, "stdout", b"two\n"))
        assert file.read_bytes() == b"one\ntwo\n"
        watch(Ended("s", 1, "ran", 1, ""))
        assert not file.exists()
    assert not folder.exists()
    assert len(seen) == 4


def test_a_second_attempt_begins_anew(tmp_path: Path) -> None:
    """What the first attempt printed is not shown as the second's."""
    file = live_file(live_folder(tmp_path, "run"), "a", "stderr")
    with also_to_files(tmp_path, "run", STEPS, lambda event: None) as watch:
        watch(Printed("a", 0, "stderr", b"first\n"))
        watch(Started("a", 0, 2))
        watch(Printed("a", 0, "stderr", b"second\n"))
        assert file.read_bytes() == b"second\n"


def test_a_flood_stops_at_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that prints for ever does not fill the disk."""
    monkeypatch.setattr(livelog, "MAX_BYTES", 10)
    file = live_file(live_folder(tmp_path, "run"), "a", "stdout")
    with also_to_files(tmp_path, "run", STEPS, lambda event: None) as watch:
        for _ in range(5):
            watch(Printed("a", 0, "stdout", b"1234"))
        assert file.stat().st_size == 10


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    """The run that goes on begins with an empty folder; nobody else can read it."""
    folder = live_folder(tmp_path, "run")
    folder.mkdir(parents=True)
    (folder / "a.stdout").write_text("old")
    with also_to_files(tmp_path, "run", STEPS, lambda event: None):
        assert list(folder.iterdir()) == []
        assert folder.stat().st_mode & 0o777 == 0o700


def test_what_a_run_left_that_ended_goes(tmp_path: Path) -> None:
    """Of one that was killed as it ended, nobody else would; one that goes on keeps its files."""
    database, claims = Database(tmp_path / "state.db"), Claims(tmp_path / "claims")
    journal = Journal(database, claims)
    workflow = Cid.of(DAG_CBOR, b"workflow")
    ended, goes_on = (
        journal.begin(NewRun(bytes([n]), workflow, "w", {}), bytes([n]) * 16, n) for n in (1, 2)
    )
    journal.end(ended.id, "succeeded", None, 3)
    for run in (ended, goes_on):
        live_folder(tmp_path, run.id).mkdir(parents=True)
    clear_ended(tmp_path, journal)
    assert [path.name for path in (tmp_path / "live").iterdir()] == [goes_on.id]
    claims.close()
    database.close()
