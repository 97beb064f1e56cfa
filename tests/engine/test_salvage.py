"""A damaged database file: what can be read of it is kept, whatever part is broken."""

import os
import random
import sqlite3
from pathlib import Path

import pytest

from engine.errors import Damaged, Unavailable
from engine.salvage import is_sound, salvage
from engine.sqlite import Schema, Sqlite

SCHEMA = Schema(
    (
        """CREATE TABLE facts (key BLOB, fact TEXT NOT NULL, PRIMARY KEY (key)) WITHOUT ROWID;
        CREATE TABLE names (name TEXT PRIMARY KEY, number INTEGER);
        CREATE INDEX by_number ON names (number);""",
    ),
    "the test's file",
    "mend it",
)
PAGE = 4096
ROWS = 2000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file with many rows, closed."""
    file = Sqlite(tmp_path / "facts.db", SCHEMA)
    with file.change() as change:
        for number in range(ROWS):
            key = random.Random(number).randbytes(36)  # noqa: S311
            change.execute("INSERT INTO facts VALUES (?, ?)", (key, f"fact {number}"))
            change.execute("INSERT INTO names VALUES (?, ?)", (f"name {number}", number))
    file.close()
    return tmp_path / "facts.db"


def count(path: Path) -> tuple[int, int]:
    """Return how many rows each table has, all of them as they were."""
    file = Sqlite(path, SCHEMA)
    facts = file.rows("SELECT key, fact FROM facts")
    names = file.rows("SELECT name, number FROM names")
    file.close()
    for key, fact in facts:
        assert random.Random(int(fact[5:])).randbytes(36) == key  # noqa: S311
    assert all(name == f"name {number}" for name, number in names)
    return len(facts), len(names)


def zero(path: Path, page: int) -> None:
    """Overwrite a page with nothing."""
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(bytes(PAGE))


def test_a_sound_file_is_left_alone(path: Path) -> None:
    """Nothing is made, nothing is moved."""
    before = path.read_bytes()
    assert is_sound(path)
    assert salvage(path, SCHEMA) is None
    assert path.read_bytes() == before
    assert count(path) == (ROWS, ROWS)


def test_a_broken_head_loses_nothing(path: Path) -> None:
    """The first page has no rows: with a new one in its place all of them are read."""
    zero(path, 0)
    with pytest.raises(Damaged):
        Sqlite(path, SCHEMA)
    assert not is_sound(path)
    kept = salvage(path, SCHEMA)
    assert kept is not None
    assert kept.read_bytes()[:PAGE] == bytes(PAGE)
    assert count(path) == (ROWS, ROWS)


@pytest.mark.parametrize("seed", range(8))
def test_a_broken_page_loses_what_was_on_it(path: Path, seed: int) -> None:
    """Most rows of a table are kept when a page of it is not."""
    pages = path.stat().st_size // PAGE
    page = random.Random(seed).randrange(1, pages)  # noqa: S311
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(os.urandom(PAGE))
    if is_sound(path):
        pytest.skip("a page of a kind that nothing is read from")
    salvage(path, SCHEMA)
    assert is_sound(path)
    assert min(count(path)) > 0
    assert sum(count(path)) > ROWS


def test_a_file_that_is_no_database_is_begun_anew(path: Path) -> None:
    """Nothing can be read; what it was is kept for whoever knows better."""
    path.write_bytes(b"not a database" * 100)
    kept = salvage(path, SCHEMA)
    assert kept is not None
    assert kept.read_bytes().startswith(b"not a database")
    assert count(path) == (0, 0)


def test_a_file_in_use_is_left_alone(path: Path) -> None:
    """Who has it open would go on writing to what was moved away."""
    user = Sqlite(path, SCHEMA)
    with pytest.raises(Unavailable, match="another tally process"):
        salvage(path, SCHEMA)
    user.close()


def test_one_that_was_killed_is_gone_on_with(path: Path) -> None:
    """With the new file made and the old one's log away, the next one only gives the name."""
    zero(path, 0)
    salvage(path, SCHEMA)
    path.rename(path.with_name("facts.db.mended"))
    path.write_bytes(bytes(100))
    salvage(path, SCHEMA)
    assert count(path) == (ROWS, ROWS)


def test_nothing_is_written_to_a_file_that_is_replaced(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a repair that was killed and the next, no row can be acknowledged and then lost."""

    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    zero(path, path.stat().st_size // PAGE // 2)
    with monkeypatch.context() as patched:
        patched.setattr("engine.salvage._put_in_place", killed)
        with pytest.raises(KeyboardInterrupt):
            salvage(path, SCHEMA)
    assert not is_sound(path)
    with pytest.raises(Damaged, match="interrupted") as said:
        Sqlite(path, SCHEMA)
    assert said.value.fix == "mend it"
    salvage(path, SCHEMA)
    assert min(count(path)) > 0


def test_what_cannot_be_looked_at_is_not_damaged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sound file in a directory that cannot be written is sound; so is one that fails to open."""
    monkeypatch.setattr("engine.salvage.is_read_only", lambda _: True)
    before = sorted(path.parent.iterdir())
    assert is_sound(path)
    assert sorted(path.parent.iterdir()) == before

    def failing(*_: object, **__: object) -> sqlite3.Connection:
        return sqlite3.connect(path.parent)

    monkeypatch.setattr("engine.salvage.connect", failing)
    assert is_sound(path)


def test_the_log_of_a_killed_process_counts(path: Path) -> None:
    """What was committed to the log and not yet folded in is kept too."""
    copy = path.with_name("copy.db")
    file = Sqlite(path, SCHEMA)
    with file.change() as change:
        change.execute("INSERT INTO names VALUES ('name 9999', 9999)")
    for end in ("", "-wal"):
        Path(f"{copy}{end}").write_bytes(Path(f"{path}{end}").read_bytes())
    file.close()
    zero(copy, copy.stat().st_size // PAGE - 1)
    if not is_sound(copy):
        salvage(copy, SCHEMA)
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT 1 FROM names WHERE number = 9999").fetchall() == [(1,)]
