"""kill -9 of a real run, at any moment, again and again."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.claims import Claims
from engine.database import Database
from engine.journal import Journal
from engine.nix.nixstore import NixStore
from engine.nix.treewriter import remove
from engine.rows import StepRow
from tests.fakes import nixstore
from tests.fakes.victim import SLEEP

KILLS = 12
MOST = 9  # steps that end before a kill: a hundred and more are never all done
LONGEST_S = 0.3  # from there, or from the start, to the kill: a tenth of what the rest sleeps
GONE_S = 10.0  # how long leftovers may take to vanish on a busy machine
ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.nix,
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="NO TEST: there is no bubblewrap"),
]


@pytest.fixture
def home(tmp_path: Path, nix_store: NixStore) -> Iterator[Path]:
    """Return a home that builds in the tests' Nix store."""
    yield nixstore.lend(nix_store, tmp_path / "home")
    remove(tmp_path / "home/work")  # has read-only directories


def start(home: Path) -> "subprocess.Popen[str]":
    """Start the run, or go on with it. It prints a line for each step that ends durably."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.victim", str(home)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def rows(home: Path) -> list[StepRow]:
    """Return what is recorded of the one run there is."""
    if not (home / "state.db").exists():
        return []  # killed before there was anything
    database, claims = Database(home / "state.db"), Claims(home / "claims")
    journal = Journal(database, claims)
    runs = journal.runs()
    assert len(runs) <= 1
    found = journal.steps(runs[0].id) if runs else []
    database.close()
    claims.close()
    return found


def leftovers(home: Path) -> list[str]:
    """Return the command lines of processes that belong to the run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        ours = os.fsencode(home) in line or SLEEP.encode() in line.split(b"\0")
        if ours and folder.name != str(os.getpid()):
            found.append(line.replace(b"\0", b" ").decode(errors="replace"))
    return found


def test_nothing_that_finished_runs_twice(home: Path) -> None:
    """Killed at random steps and run again: it completes, and no result is made twice."""
    chance = random.Random(20)  # noqa: S311 - the moments are to be the same at each run
    proofs: dict[tuple[str, int], StepRow] = {}
    for number in range(KILLS):
        ends = chance.randint(1, MOST) if number % 3 else 0  # none: while it starts
        with start(home) as process:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(ends)]
            time.sleep(chance.random() * LONGEST_S)
            process.kill()
        assert said == ["ended\n"] * ends
        for row in rows(home):
            if row.status == "ran":
                assert proofs.setdefault((row.step, row.index), row) == row
    assert until_gone(home) == []

    assert len(proofs) > KILLS  # the kills came in the middle of the work

    with start(home) as process:
        output, _ = process.communicate()

    assert output.splitlines()[-1] == "succeeded"
    ended = {(row.step, row.index): row for row in rows(home)}
    assert len(ended) == 121
    assert {row.status for row in ended.values()} <= {"ran", "reused"}
    assert {name: ended[name] for name in proofs} == proofs
    assert claims_per_key(home) == {1}
    assert until_gone(home) == []
    assert list((home / "work/in").iterdir()) == []


def until_gone(home: Path) -> list[str]:
    """Return what is still there after a while."""
    end = time.monotonic() + GONE_S
    while (found := leftovers(home)) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def claims_per_key(home: Path) -> set[int]:
    """Return how many results each key has in the memo."""
    database = Database(home / "state.db")
    counts = {count for (count,) in database.rows("SELECT count(*) FROM memo GROUP BY key")}
    database.close()
    return counts
