"""`tally fsck --repair`: every kind of damage is found, and had again from wherever it can be."""

import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.nix.nixstore import NixStore
from engine.nix.treewriter import remove
from tests.cli.program import Program
from tests.fakes import nixstore

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

TREE = """\
  a:
    inputs: {i: inputs.i}
    run: 'mkdir {outputs.o}; cat {inputs.i}/big >{outputs.o}/x; echo y >{outputs.o}/y; echo said'
    outputs: {o: o}
  b: {inputs: {i: a.o}, run: 'cat {inputs.i}/x {inputs.i}/y >{outputs.o}', outputs: {o: o}}
"""


@pytest.fixture(scope="module")
def ready(
    tally: Program, environment: str, tmp_path_factory: pytest.TempPathFactory, nix_store: NixStore
) -> Program:
    """Return the program on a home with the environment and a run, to be copied."""
    place = tmp_path_factory.mktemp("ready")
    (place / "in").mkdir()
    (place / "in" / "big").write_bytes(bytes(range(256)) * 1200)
    (place / "in" / "small").write_bytes(b"small")
    head = f"workflow: tree\nenvironments: {{sh: {{cid: {environment}}}}}\n"
    defaults = "defaults: {environment: sh, resources: {memory: 64MiB}}\ninputs: {i: ./in}\n"
    (place / "tree.yaml").write_text(f"{head}{defaults}steps:\n{TREE}")
    bundle = place / "environment.car"
    assert tally("export", environment, bundle).code == 0
    program = tally.at(nixstore.lend(nix_store, place / "home"))
    program.told("import", bundle)
    program.told("run", place / "tree.yaml")
    return program


@pytest.fixture
def own(ready: Program, tmp_path: Path) -> Iterator[Program]:
    """Return the program on a copy of that home."""
    place = tmp_path / "own"
    subprocess.run(["cp", "-a", ready.home.parent, place], check=True)
    yield ready.at(place / "home")
    remove(place)


@pytest.fixture
def workflow(own: Program) -> Path:
    """Return the workflow with a directory as input, one between its steps, a file at its end."""
    return own.home.parent / "tree.yaml"


@pytest.fixture
def run(own: Program) -> Any:
    """Return the run, as it is shown."""
    (row,) = own.told("runs")["runs"]
    return own.told("show", row["run"])


def flip(path: Path, offset: int) -> None:
    """Change a bit of a file that looks the same from outside."""
    before, mode = path.stat(), path.stat().st_mode
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes((byte[0] ^ 1,)))
    path.chmod(mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def flip_block(home: Path, cid: str) -> None:
    """Change a bit of a block in its pack."""
    with Workspace(home) as space:
        (at,) = space.store.index.find(Cid.parse(cid))
        place = space.store.index.place(at.place)
        assert place is not None
        flip(place.path(space.store.root), at.offset + at.length // 2)


def mended(program: Program) -> None:
    """Look whether fsck finds something, repairs it, and then finds nothing."""
    assert program("fsck").code in (3, 5)
    done = program("fsck", "--repair", "-o", "json")
    assert done.code == 0, done.out + done.err
    assert all(finding["repaired"] for finding in done.json["findings"])
    assert program.told("fsck") == {"findings": []}


def test_outputs_inputs_and_logs_are_made_again(own: Program, run: Any, workflow: Path) -> None:
    """A step's file, its log and the result itself: running it again gives the same bytes."""
    with Workspace(own.home) as space:
        (row,) = space.journal.runs()
        steps = {step.step: step for step in space.journal.steps(row.id)}
    damaged = (run["outputs"]["b.o"], str(steps["a"].stdout), str(steps["b"].result))
    (stored,) = own.home.glob(f"store/files/*/{damaged[0]}")
    flip(stored, 1000)
    for cid in damaged[1:]:
        flip_block(own.home, cid)
    mended(own)
    assert own("cat", damaged[0]).code == 0
    assert "said" in own("log", run["name"], "a").out


def test_an_intermediate_that_gc_took_is_made_again_on_the_way(own: Program, run: Any) -> None:
    """What a step to be run again reads may itself have to be made first."""
    own.told("gc")
    (stored,) = own.home.glob(f"store/files/*/{run['outputs']['b.o']}")
    stored.unlink()
    mended(own)
    assert own("cat", run["outputs"]["b.o"]).code == 0


@pytest.mark.parametrize("what", ["run", "step", "workflow"])
def test_records_are_made_again(own: Program, run: Any, workflow: Path, what: str) -> None:
    """A run's record and steps' keys follow from what is left; a workflow only from its file."""
    cid = {"run": run["run"], "step": run["steps"][1]["step"], "workflow": run["workflow"]}
    flip_block(own.home, cid[what])
    if what == "workflow":
        assert own("fsck", "--repair").code == 5
        assert own("fsck").code == 3
        own.told("run", workflow)  # as the error says
        assert own("fsck", "--repair").code == 0
    else:
        mended(own)
    assert own.told("show", run["name"]) == run
    assert own.told("rerun", run["name"])["verdict"] == "reproduced"


def test_a_damaged_record_of_runs_is_salvaged(own: Program, run: Any, workflow: Path) -> None:
    """Every command says what to do; after it, runs have the names that they had."""
    with (own.home / "state.db").open("r+b") as file:
        file.write(bytes(4096))
    said = own("runs")
    assert said.code == 5
    assert "tally fsck --repair" in said.err
    mended(own)
    assert own.told("show", run["name"]) == run
    assert own.told("run", workflow)["steps"][0]["status"] == "reused"
    assert (own.home / "state.db.damaged-1").exists()


def test_damage_to_what_was_found_of_peers_is_repaired(empty: Program) -> None:
    """The checks of a home are looked at like its other databases: exit 5 until they are mended."""
    peer = "12D3KooWKRS44ZR5bHbPiNrGKejiny2EnETwKsrwxLhQ7dnSrfp4"
    empty.told("peer", "owner", peer, "lab")
    with (empty.home / "trust.db").open("r+b") as file:
        file.write(bytes(100))
    told = empty("fsck", "-o", "json")
    (found,) = told.json["findings"]
    assert (told.code, found["problem"]) == (5, "damaged")
    assert found["where"].endswith("trust.db")
    assert "fsck --repair" in empty("peer", "owner", peer, "lab").err
    mended(empty)
    (listed,) = empty.told("peer", "list")["peers"]
    assert (listed["peer"], listed["owner"]) == (peer, "lab")


def test_runs_are_entered_again_when_their_record_is_lost(
    own: Program, run: Any, workflow: Path
) -> None:
    """Nothing of state.db can be read: the runs are still in the store, under new names."""
    (own.home / "state.db").write_bytes(b"nothing of a database" * 500)
    mended(own)
    (row,) = own.told("runs")["runs"]
    assert row["run"] == run["run"]
    own.told("gc")
    assert own("cat", run["outputs"]["b.o"]).code == 0


def test_a_damaged_index_is_made_again(
    own: Program, run: Any, workflow: Path, tmp_path: Path
) -> None:
    """Blocks, environments and pins are all there."""
    added = own.told("add", own.home.parent / "in")
    with (own.home / "store" / "index.db").open("r+b") as file:
        file.write(bytes(4096))
    mended(own)
    own.told("gc")
    assert own("ls", added["cid"]).code == 0
    assert own.told("run", workflow, "--offline")["outputs"] == run["outputs"]


def test_a_lost_index_is_made_again(own: Program, run: Any, workflow: Path) -> None:
    """By the next command; environments by fsck, which knows where they are unpacked."""
    own.told("gc", "--keep-intermediates")  # the bundle's copies of the environment are gone
    for path in own.home.glob("store/index.db*"):
        path.unlink()
    mended(own)
    assert own.told("rerun", run["name"])["verdict"] == "reproduced"


def test_what_steps_see_is_made_again(own: Program, run: Any, workflow: Path) -> None:
    """A bit of a staged directory, of an unpacked path, of an environment: fsck alone sees it."""
    (staged,) = own.home.glob("work/trees/*/small")
    flip(staged, 2)
    mended(own)
    program = max(own.home.glob("work/paths/*/bin/*"), key=lambda path: path.lstat().st_size)
    flip(program, 5000)
    mended(own)
    own.told("rerun", run["name"])
    (link,) = own.home.glob("work/closures/*/*-busybox/bin/sh")
    link.parent.chmod(0o755)
    link.unlink()
    mended(own)
    assert own.told("rerun", run["name"])["verdict"] == "reproduced"


def test_what_cannot_be_had_again_is_said(own: Program, tmp_path: Path) -> None:
    """A file of which there was one copy: exit 5, and it is missing from then on."""
    (tmp_path / "mine").write_bytes(b"m" * 1000)
    cid = own.told("add", tmp_path / "mine")["cid"]
    flip_block(own.home, cid)
    done = own("fsck", "--repair", "-o", "json")
    assert done.code == 5
    assert [finding["repaired"] for finding in done.json["findings"]] == [False, False]
    assert own("fsck", "--repair").code == 3
    own.told("add", tmp_path / "mine")
    assert own("fsck").code == 0


def test_no_file_is_replaced_under_a_running_command(
    own: Program, run: Any, workflow: Path
) -> None:
    """While a process has a damaged database open, repair refuses and says why."""
    with Workspace(own.home) as space:
        assert space.database.rows("SELECT 1")
        with (own.home / "state.db").open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(4096 * 3))
        done = own("fsck", "--repair")
        assert done.code == 3
        assert "another tally process" in done.err
    mended(own)


def test_gc_takes_nothing_while_the_record_of_a_run_is_lost(own: Program, run: Any) -> None:
    """What it led to is not known: exit 5 until it is repaired, or let go of."""
    flip_block(own.home, run["run"])
    for _ in range(2):
        said = own("gc")
        assert said.code == 5
        assert "tally fsck --repair" in said.err
    mended(own)
    own.told("gc")
    assert own("cat", run["outputs"]["b.o"]).code == 0
    flip_block(own.home, run["run"])
    own.told("gc", "--unpin", run["name"])
    assert own("cat", run["outputs"]["b.o"]).code == 3
    assert own("fsck").code == 0


def test_a_rerun_that_finds_damage_says_so(own: Program, run: Any, workflow: Path) -> None:
    """A file that was written to is damaged, exit 5; an input comes from where it came from."""
    (stored,) = (p for p in own.home.glob("store/files/*/*") if p.stat().st_size == 307200)
    stored.chmod(0o600)
    stored.write_bytes(b"x" * 307200)
    done = own("rerun", run["name"])
    assert done.code == 5
    assert "was damaged" in done.err
    assert own("fsck", "--repair").code == 3
    own.told("run", workflow)
    assert own("fsck").code == 0
    assert own.told("rerun", run["name"])["verdict"] == "reproduced"


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("step = 'c'", 5),
        ("status = 'rbn'", 5),
        ("result = CAST(substr(result, 1, 35) || x'00' AS BLOB)", 0),
    ],
)
def test_a_damaged_row_of_a_run(own: Program, change: str, shown: int) -> None:
    """It is found, and what the run's record says of all its steps is shown again."""
    wanted = own.told("show", "latest")
    with contextlib.closing(sqlite3.connect(own.home / "state.db")) as journal:
        journal.execute(f"UPDATE run_steps SET {change} WHERE step = 'b'")  # noqa: S608
        journal.commit()
    assert own("show", "latest").code == shown
    assert own("fsck").code == 5
    assert own("fsck", "--repair").code == 0
    assert own("fsck").code == 0
    assert own.told("show", "latest") == wanted
