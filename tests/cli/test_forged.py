"""A bundle from another machine is taken only when what it attests can be so."""

import os
import threading
from pathlib import Path

import pytest

from cli.workspace import Workspace
from engine.content import car
from engine.content.cid import DAG_CBOR, Cid
from engine.run import RUN, Run
from tests.cli.program import Program
from tests.fakes.attested import (
    KEY,
    OTHER,
    attested_again,
    forged_bundle,
    of_version_3,
    proved,
    signed,
    write_bundle,
)

NOWHERE = Cid.of(DAG_CBOR, b"no page")


@pytest.fixture
def forged(tmp_path: Path) -> Path:
    """Return a bundle whose two attestations are signed by somebody else than they say."""
    return forged_bundle(tmp_path / "forged.car")


def _has_nothing_of(program: Program, bundle: Path) -> bool:
    with bundle.open("rb") as file, Workspace(program.home) as space:
        cids = [block.cid for block in car.Reader(file)]
        return not (space.store.pins.all() or space.journal.runs() or space.store.has_many(cids))


@pytest.mark.parametrize("command", ["import", "rerun"])
def test_a_forged_bundle_is_refused(empty: Program, forged: Path, command: str) -> None:
    """Exit 5, each forgery named by its step, and nothing of the file is stored."""
    told = empty(command, forged)
    assert told.code == 5
    assert told.err.count("it is not signed by who it says") == 2
    assert "the bundle has 2 attestations that cannot be so" in told.err
    assert "| a: " in told.err
    assert "| b: " in told.err
    assert str(forged) in told.err
    assert _has_nothing_of(empty, forged)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_run_of_which_nothing_is_here_hides_no_forgery(
    empty: Program, forged: Path, *, is_first: bool
) -> None:
    """A bundle that lacks the pages of another run is looked at as far as it goes."""
    with forged.open("rb") as file:
        reader = car.Reader(file)
        blocks, roots = list(reader), list(reader.roots)
    lacking = RUN.block(Run(NOWHERE, NOWHERE, {}, "failed", (NOWHERE,)))
    at = 0 if is_first else len(blocks)
    blocks.insert(at, lacking)
    roots.insert(0 if is_first else 1, lacking.cid)
    with forged.open("wb") as file:
        car.write(file, roots, blocks)
    told = empty("import", forged)
    assert told.err.count("it is not signed by who it says") == 2
    assert _has_nothing_of(empty, forged)


def test_a_forged_bundle_is_refused_from_a_pipe(empty: Program, forged: Path) -> None:
    """It is read twice, though a pipe is read once."""
    pipe = forged.with_name("pipe")
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(forged.read_bytes()))
    writer.start()
    told = empty("import", pipe)
    writer.join()
    assert (told.code, "cannot be so" in told.err) == (5, True), told.err
    assert _has_nothing_of(empty, forged)
    assert list((empty.home / "work").glob("tmp*")) == []


@pytest.mark.nix
@pytest.mark.sandbox
def test_what_others_attest_truly_is_taken_and_told(
    tally: Program, first: str, empty: Program, tmp_path: Path
) -> None:
    """Two that vouch for the same are both told of, in a run that has the word of one."""
    with Workspace(tally.home, writing=True) as space:
        run = Cid.parse(tally.told("show", first)["run"])
        runs = [
            attested_again(space.store, run, lambda said, key=key: [signed(said, key)])
            for key in (KEY, OTHER)
        ]
    for at, one in enumerate(runs):
        tally.told("export", one, tmp_path / f"{at}.car")
        assert empty("import", tmp_path / f"{at}.car").code == 0
    told = empty.told("show", runs[0], "--evidence")
    assert {row["agree"] for row in told["steps"]} == {2}
    rows = [row for row in told["evidence"] if row["id"] == "letter"]
    assert [(row["in_run"], row["agrees"], row["signature"]) for row in rows] == [
        (True, True, "good"),
        (False, True, "good"),
    ]
    assert {row["signer"] for row in rows} == {bytes(key.verify_key).hex() for key in (KEY, OTHER)}
    assert rows[0]["machine"]["cores"] >= 1
    assert rows[0]["machine"]["class"] in rows[0]["system"]
    shown = empty("show", runs[0], "--evidence").out
    assert "STEP" in shown


def test_a_proof_of_something_else_is_refused(empty: Program, tmp_path: Path) -> None:
    """It is out of a batch that was signed, of other things."""
    lie = write_bundle(
        tmp_path / "lie.car", lambda said: proved(said, KEY, said.__replace__(wall_ms=9))
    )
    told = empty("import", lie)
    assert (told.code, told.err.count("not signed by who it says")) == (5, 2), told.err


@pytest.mark.nix
@pytest.mark.sandbox
def test_a_part_of_a_run_is_looked_at_too(
    tally: Program, first: str, empty: Program, tmp_path: Path
) -> None:
    """What is attested of the steps that a thin bundle has; of the others it has nothing."""
    with Workspace(tally.home, writing=True) as space:
        run = Cid.parse(tally.told("show", first)["run"])
        good, forged = (
            attested_again(space.store, run, lambda said, by=by: [signed(said, KEY, by)])
            for by in (KEY, OTHER)
        )
    for name, one in (("good", good), ("forged", forged)):
        words = ("--thin", "--step", "letter", "--no-receipts")
        tally.told("export", one, tmp_path / f"{name}.car", *words)
    told = empty("import", tmp_path / "forged.car")
    assert (told.code, told.err.count("not signed by who it says")) == (5, 1), told.err
    assert empty("import", tmp_path / "good.car").code == 0


@pytest.mark.nix
@pytest.mark.sandbox
def test_a_bundle_of_a_later_version_is_taken(
    tally: Program, first: str, empty: Program, tmp_path: Path
) -> None:
    """What it attests is not judged, counts for nothing, and is said; all else is as ever."""
    with Workspace(tally.home, writing=True) as space:
        was = Cid.parse(tally.told("show", first)["run"])
        run = attested_again(space.store, was, lambda said: of_version_3(said, KEY))
    tally.told("export", run, tmp_path / "later.car")
    told = empty("import", tmp_path / "later.car")
    assert told.code == 0, told.err
    assert "attestations not judged here" in told.err
    found = empty.told("show", run, "--evidence")
    steps = [one["id"] for one in found["steps"]]
    assert ([one["id"] for one in found["unjudged"]], found["evidence"]) == (steps, [])
    assert {(one["agree"], one["differ"], one["unsigned"]) for one in found["steps"]} == {(0, 0, 0)}
    assert "attestation/3" in empty("show", run, "--evidence").err
    assert empty("show", run).code == 0
