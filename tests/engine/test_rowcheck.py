"""Rows of state.db that a disk has changed: never believed, found, forgotten."""

from pathlib import Path

import pytest

from engine.claims import Claims
from engine.content.cid import DAG_CBOR, Cid
from engine.database import Database
from engine.errors import Damaged
from engine.journal import Journal
from engine.memo import UNSIGNED, Memo, Witness
from engine.rowcheck import damaged_rows, drop_damaged_rows
from engine.rows import NewRun, StepRow

ONE, TWO, THREE = (Cid.of(DAG_CBOR, data) for data in (b"1", b"2", b"3"))
HARM = {
    "a status": "UPDATE run_steps SET status = 'rbn' WHERE idx = 1",
    "a CID": "UPDATE run_steps SET key = x'00' WHERE idx = 1",
    "no text": "UPDATE run_steps SET note = CAST(x'ff41' AS TEXT) WHERE idx = 1",
    "a name": "UPDATE run_steps SET step = CAST(x'ff41' AS TEXT) WHERE idx = 1",
    "a time": "UPDATE run_steps SET wall_ms = 4611686018427387904 WHERE idx = 1",
    "a negative time": "UPDATE run_steps SET wall_ms = -1 WHERE idx = 1",
    "a date": "UPDATE runs SET created_ms = 4611686018427387904",
    "a number": "UPDATE run_steps SET wall_ms = 'x' WHERE idx = 1",
    "a run's params": "UPDATE runs SET parameters = '{' WHERE name != ''",
    "a run's status": "UPDATE runs SET status = 'runnimg'",
    "a witness": "UPDATE memo SET result = x'01' WHERE signer = x''",
}


@pytest.fixture
def database(tmp_path: Path):
    """Return state.db with a run of two steps and a witness."""
    database = Database(tmp_path / "state.db")
    claims = Claims(tmp_path / "claims")
    journal = Journal(database, claims)
    row = journal.begin(NewRun(b"work", ONE, "title", {"a": "1"}), bytes(16), 5)
    with database.change() as change:
        journal.add_steps(
            change,
            row.id,
            [
                StepRow("s", index, "ran", ONE, TWO, THREE, None, 7, None, None, "")
                for index in (0, 1)
            ],
        )
        Memo(database).add(change, [Witness(ONE, TWO, THREE, None, UNSIGNED)])
    yield database
    claims.close()
    database.close()


def test_right_rows_are_not_found(database: Database) -> None:
    """Nothing is wrong with what was just written, and nothing goes."""
    assert list(damaged_rows(database)) == []
    drop_damaged_rows(database)
    assert len(database.rows("SELECT * FROM run_steps")) == 2


@pytest.mark.parametrize("harm", HARM)
def test_a_wrong_row_is_found_and_forgotten(database: Database, tmp_path: Path, harm: str) -> None:
    """Whatever column it is in; reading it is Damaged and not a surprise."""
    with database.change() as change:
        change.execute(HARM[harm])
    assert len(list(damaged_rows(database))) == 1
    claims = Claims(tmp_path / "claims")
    journal = Journal(database, claims)
    if harm == "a witness":
        assert Memo(database).look_up([ONE]) == {}
    else:
        with pytest.raises(Damaged, match=r"damaged|UTF-8"):
            [journal.steps(run.id) for run in journal.runs()]
    drop_damaged_rows(database)
    claims.close()
    assert list(damaged_rows(database)) == []
