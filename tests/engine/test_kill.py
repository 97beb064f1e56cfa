"""kill -9 of a real run, at any moment, again and again."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.claims import Claims
from engine.database import Database
from engine.journal import Journal, StepRow
from engine.nix.treewriter import remove
from tests.fakes.victim import SLEEP

KILLS = 12
LONGEST_S = 0.4  # after the first step has begun; an undisturbed run takes over four seconds
GONE_S = 10.0  # how long leftovers may take to vanish on a busy machine
ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.nix,
    pytest.mark.skipif(shutil.which("nix-store") is None, reason="Nix is not installed"),
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Return the place of a home."""
    yield tmp_path / "home"
    remove(tmp_path / "home/work")  # has read-only directories


def start(home: Path) -> "subprocess.Popen[str]":
    """Start the run, or go on with it."""
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
    """Killed at random moments and run again: it completes, and no result is made twice."""
    chance = random.Random(20)  # noqa: S311 - the moments are to be the same at each run
    proofs: dict[tuple[str, int], StepRow] = {}
    for number in range(KILLS):
        process = start(home)
        assert process.stdout is not None
        if number % 3:  # else while it starts
            assert process.stdout.readline() == "begun\n"
        time.sleep(chance.random() * LONGEST_S)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for row in rows(home):
            if row.status == "ran":
                assert proofs.setdefault((row.step, row.index), row) == row
    assert until_gone(home) == []

    assert len(proofs) > KILLS  # the kills came in the middle of the work

    output, _ = start(home).communicate()

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
