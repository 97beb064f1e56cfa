"""What is kept of reruns."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import reruns as keeping
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.database import Database
from engine.errors import Damaged
from engine.redone import Redone, RedoneOutput, RedoneStep
from engine.reruns import Reruns, Where
from engine.rowcheck import damaged_rows, drop_damaged_rows

RUN, OTHER = (Cid.of(DAG_CBOR, data) for data in (b"run", b"other"))
WAS, NOW = (Cid.of(RAW, data) for data in (b"was", b"now"))
REDONE = Redone(0, RUN, 5, 9, "differs", 3, 8, False, "mine", "3 of 8 …")
OUTPUT = RedoneOutput("o", "differs", WAS, NOW, "byte 3\nlargest deviation: 1")
STEPS = (
    RedoneStep("a", "identical", "", "Linux", "bwrap", "", 7, ()),
    RedoneStep("b", "differs", "", "Linux", "bwrap", "ab" * 32, 8, (OUTPUT,)),
    RedoneStep("c", "failed", "exit 3", "", "", "", 0, (OUTPUT._replace(now=None),)),
)
HARM = {
    "a verdict": "UPDATE reruns SET verdict = 'reproducfd'",
    "a date": "UPDATE reruns SET ended_ms = -1",
    "a run": "UPDATE reruns SET run = x'00'",
    "a count": "UPDATE reruns SET possible = 'x'",
    "a step's verdict": "UPDATE rerun_steps SET verdict = 'idfntical' WHERE place = 0",
    "a time": "UPDATE rerun_steps SET wall_ms = -1 WHERE place = 0",
    "a note": "UPDATE rerun_steps SET note = x'ff' WHERE place = 0",
    "outputs": "UPDATE rerun_steps SET outputs = '[[1]]' WHERE place = 0",
    "no outputs": "UPDATE rerun_steps SET outputs = '{' WHERE place = 0",
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Return state.db with one rerun."""
    database = Database(tmp_path / "state.db")
    Reruns(database).keep(REDONE, STEPS)
    yield database
    database.close()


def test_a_rerun_is_read_as_it_was_kept(database: Database) -> None:
    """With its steps, the worst first, where they ran, and how many came out how."""
    reruns = Reruns(database)
    (one,) = reruns.of(RUN)
    assert one == REDONE._replace(id=one.id)
    assert reruns.steps(one, 9) == list(STEPS[::-1])
    assert reruns.steps(one, 1) == [STEPS[2]]
    assert reruns.counts(one) == {"identical": 1, "differs": 1, "failed": 1}
    signed = Where("Linux", "bwrap", "ab" * 32, 1)
    assert reruns.places(one, 9) == [Where("Linux", "bwrap", "", 1), signed]
    assert reruns.of(OTHER) == []


def test_what_came_out_wrong_before_is_counted(database: Database) -> None:
    """Each step once for what it came to; of the latest rerun it is said anyway."""
    reruns = Reruns(database)
    assert reruns.worse(RUN) == {}
    for _ in range(2):
        reruns.keep(REDONE._replace(verdict="reproduced"), STEPS[:1])
    assert reruns.worse(RUN) == {"differs": 1, "failed": 1}
    assert reruns.worse(OTHER) == {}


def test_the_latest_reruns_are_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each run so many, with their steps; of another run none goes."""
    monkeypatch.setattr(keeping, "MOST_KEPT", 2)
    reruns = Reruns(database)
    reruns.keep(REDONE._replace(run=OTHER), STEPS)
    for began_ms in (6, 7):
        reruns.keep(REDONE._replace(began_ms=began_ms), STEPS)
    assert [one.began_ms for one in reruns.of(RUN)] == [7, 6]
    assert len(reruns.of(OTHER)) == 1
    assert database.rows("SELECT count(*) FROM rerun_steps") == [(3 * len(STEPS),)]


def test_right_rows_are_not_found(database: Database) -> None:
    """Nothing is wrong with what was just written."""
    assert list(damaged_rows(database)) == []


@pytest.mark.parametrize("harm", HARM)
def test_a_wrong_row_is_found_and_forgotten(database: Database, harm: str) -> None:
    """Whatever column it is in; reading it is Damaged."""
    with database.change() as change:
        change.execute(HARM[harm])
    assert len(list(damaged_rows(database))) == 1
    reruns = Reruns(database)
    if harm != "a run":
        with pytest.raises(Damaged, match=r"damaged|UTF-8"):
            [reruns.steps(one, 9) for one in reruns.of(RUN)]
    drop_damaged_rows(database)
    assert list(damaged_rows(database)) == []


def test_a_home_of_an_older_version_that_is_only_read_has_none(tmp_path: Path) -> None:
    """What cannot be written has no table of them, and nothing is wrong with that."""
    (tmp_path / "home").mkdir()
    old = Database(tmp_path / "home" / "state.db")
    with old.change() as change:
        change.execute("DROP TABLE reruns")
        change.execute("DROP TABLE rerun_steps")
    old.read_only = True
    assert Reruns(old).of(RUN) == []
    assert list(damaged_rows(old)) == []
    old.close()
