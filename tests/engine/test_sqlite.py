"""SQLite files: opened by many at once, changed wholly or not at all."""

import os
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from engine.errors import Damaged, Refused, Unavailable
from engine.sqlite import Schema, Sqlite

SCHEMA = Schema(("CREATE TABLE facts (fact TEXT);",), "the test's file", "move it away")
OPEN = """
import pathlib, sys
from engine.database import Database
input()
Database(pathlib.Path(sys.argv[1])).close()
"""


@pytest.fixture
def file(tmp_path):
    """Return an open file with one table."""
    file = Sqlite(tmp_path / "facts.db", SCHEMA)
    yield file
    file.close()


def facts(file):
    """Return what is in the table."""
    return [fact for (fact,) in file.rows("SELECT fact FROM facts")]


def test_many_processes_may_make_one_file_at_once(tmp_path):
    """Turning WAL on waits for nobody, so openers wait for one another."""
    command = [sys.executable, "-c", OPEN, str(tmp_path / "state.db")]
    openers = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(8)]
    for opener in openers:
        opener.stdin.write(b"\n")
        opener.stdin.close()

    assert [opener.wait() for opener in openers] == [0] * 8


def test_a_change_that_fails_changes_nothing(file):
    """All of a block of changes is made, or none."""
    with suppress(KeyError), file.change() as change:
        change.execute("INSERT INTO facts VALUES ('half')")
        raise KeyError

    assert facts(file) == []


def test_a_change_interrupted_as_it_begins_is_not_open_for_the_next(file):
    """Else the next one would be taken for a part of it, and be lost with it."""

    def interrupt(frame, event, _):
        if event == "return" and frame.f_code is Sqlite._begin.__code__:
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(interrupt)
    with pytest.raises(KeyboardInterrupt), file.change():
        pass
    with file.change() as change:
        change.execute("INSERT INTO facts VALUES ('kept')")
    file.close()

    assert facts(Sqlite(file.path, SCHEMA)) == ["kept"]


def test_a_change_within_a_change_is_part_of_it(file):
    """What an inner block did goes with the outer one."""
    with suppress(KeyError), file.change():
        with file.change() as change:
            change.execute("INSERT INTO facts VALUES ('inner')")
        raise KeyError

    assert facts(file) == []


def test_threads_take_turns_to_change(file):
    """No change of any thread is lost."""

    def add():
        for _ in range(20):
            with file.change() as change:
                change.execute("INSERT INTO facts VALUES ('one')")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(facts(file)) == 80


def test_a_file_of_a_newer_version_is_refused(tmp_path):
    """An older Tallystick leaves it as it is."""
    Sqlite(
        tmp_path / "facts.db", Schema((SCHEMA.versions[0], "SELECT 1;"), "the test's file", "")
    ).close()

    with pytest.raises(Refused, match="the test's file was made by a newer Tallystick"):
        Sqlite(tmp_path / "facts.db", SCHEMA)


def test_a_file_whose_tables_are_no_text_is_damaged(tmp_path):
    """SQLite quotes bytes of the file then, of which Python makes an error of its own."""
    path = tmp_path / "facts.db"
    Sqlite(path, SCHEMA).close()
    whole = path.read_bytes()
    at = whole.index(b"CREATE TABLE facts")
    for place in range(at, at + len(b"CREATE ")):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x80]) + whole[place + 1 :])
        with pytest.raises(Damaged, match="the test's file is damaged"):
            Sqlite(path, SCHEMA)


def test_a_file_that_is_no_database_is_damaged(tmp_path):
    """It is said which file that is and what to do."""
    (tmp_path / "facts.db").write_bytes(b"not a database" * 100)

    with pytest.raises(Damaged, match="the test's file is damaged") as caught:
        Sqlite(tmp_path / "facts.db", SCHEMA)

    assert caught.value.fix == "move it away"


def test_a_file_that_cannot_be_written_is_read(tmp_path, file, monkeypatch):
    """Nothing is made beside it, and a change is refused before it is begun."""
    with file.change() as change:
        change.execute("INSERT INTO facts VALUES ('kept')")
    file.close()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    before = sorted(tmp_path.iterdir())

    reading = Sqlite(tmp_path / "facts.db", SCHEMA)

    assert facts(reading) == ["kept"]
    with pytest.raises(Unavailable, match="only be read here"), reading.change():
        raise AssertionError
    assert sorted(tmp_path.iterdir()) == before
    reading.close()


def test_a_file_in_use_is_read_as_it_is_now(tmp_path, file, monkeypatch):
    """What another process has written and not yet folded in is seen."""
    with file.change() as change:
        change.execute("INSERT INTO facts VALUES ('new')")
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    reading = Sqlite(tmp_path / "facts.db", SCHEMA)

    assert facts(reading) == ["new"]
    reading.close()


def test_a_file_that_is_not_there_cannot_be_made_where_nothing_can_be_written(
    tmp_path, monkeypatch
):
    """The path is named, and how to choose another."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    with pytest.raises(Unavailable, match="the test's file is not here") as caught:
        Sqlite(tmp_path / "facts.db", SCHEMA)

    assert caught.value.where == str(tmp_path / "facts.db")
