"""`tally export` and `tally import`. What reruns make of a bundle is in test_rerun."""

from pathlib import Path

import pytest

from engine.content.cid import RAW, Cid
from tests.cli.program import Program

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_the_same_run_is_the_same_file(tally: Program, first: str, tmp_path: Path) -> None:
    """A bundle depends on what is in it only."""
    told = tally.told("export", first, tmp_path / "a.car")
    tally.told("export", tally.told("show", first)["run"], tmp_path / "b.car")
    data = (tmp_path / "a.car").read_bytes()
    assert told["size"] == len(data)
    assert told["cid"] == tally.told("show", first)["run"]
    assert data == (tmp_path / "b.car").read_bytes()


def test_content_travels_too(
    tally: Program, first: str, environment: str, empty: Program, tmp_path: Path
) -> None:
    """A step's output, a file, an environment: each is a bundle of its own."""
    for ref, check in ((f"{first}/letter/text", "cat"), (environment, "env")):
        assert tally("export", ref, tmp_path / f"{check}.car").code == 0
        (root,) = empty.told("import", tmp_path / f"{check}.car")["roots"]
        assert root["kind"] == "content"
        words = ("cat", root["cid"]) if check == "cat" else ("env", "show", root["cid"])
        assert empty(*words).code == 0


def test_an_imported_run_is_shown_and_read(
    tally: Program, first: str, empty: Program, tmp_path: Path
) -> None:
    """Its steps, logs, outputs and evidence are there."""
    tally.told("export", first, tmp_path / "run.car")
    done = empty("import", tmp_path / "run.car")
    run = tally.told("show", first)
    assert done.out == f"run {run['run']}\n"
    shown = empty.told("show", run["run"])
    assert (shown["steps"], shown["outputs"]) == (run["steps"], run["outputs"])
    assert empty("log", run["run"]).out == tally("log", first).out
    assert empty("cat", f"{run['run']}/letter/text").code == 0
    assert empty("explain", run["run"], "letter").code == 0
    assert empty("diff", run["run"], run["run"]).code == 0


def test_gc_keeps_what_was_imported(
    tally: Program, first: str, empty: Program, tmp_path: Path
) -> None:
    """Until it is unpinned; then all of it goes."""
    tally.told("export", first, tmp_path / "run.car")
    (root,) = empty.told("import", tmp_path / "run.car")["roots"]
    empty.told("gc")
    assert empty.told("rerun", root["cid"], "--offline")["verdict"] == "reproduced"
    assert empty.told("gc", "--unpin", root["cid"])["dropped"] > 0
    assert empty("show", root["cid"]).code == 3
    assert empty.told("runs") == {"runs": []}


@pytest.mark.parametrize(
    ("ref", "file", "code"),
    [("nosuch", "x.car", 2), ("RUN", "nowhere/x.car", 2), ("RUN", ".", 2)],
)
def test_what_cannot_be_exported_is_refused(
    tally: Program, first: str, tmp_path: Path, ref: str, file: str, code: int
) -> None:
    """No such run, no such directory, a directory: nothing is written."""
    done = tally("export", first if ref == "RUN" else ref, tmp_path / file)
    assert done.code == code, done.err
    assert list(tmp_path.glob("*.car")) == []


def test_an_import_of_junk_harms_nothing(
    tally: Program, first: str, empty: Program, tmp_path: Path
) -> None:
    """After every bad file the store is whole, and takes the good one."""
    tally.told("export", first, tmp_path / "good.car")
    good = (tmp_path / "good.car").read_bytes()
    for name, data, code in (
        ("none", None, 2),
        ("empty", b"", 2),
        ("text", b"workflow: x\n", 2),
        ("cut", good[: len(good) // 2], 5),
        ("longer", good + b"x", 5),
        ("twice", good + good, 5),
        ("changed", good[:-1] + bytes([good[-1] ^ 1]), 5),
    ):
        path = tmp_path / f"{name}.car"
        if data is not None:
            path.write_bytes(data)
        done = empty("import", path)
        assert done.code == code, (name, done.err)
        assert str(path) in done.err
        assert empty("fsck").code == 0
    assert empty("import", tmp_path / "good.car").code == 0
    assert empty("fsck").code == 0


def test_an_imported_run_is_listed_under_a_name(
    tally: Program, letters: Path, empty: Program, tmp_path: Path
) -> None:
    """Whoever imports a run finds it by a name of their own, once, and can show it."""
    run = tally.told("run", letters)
    tally("export", run["run"], tmp_path / "run.car")
    empty("import", tmp_path / "run.car")
    empty("import", tmp_path / "run.car")
    (row,) = empty.told("runs")["runs"]
    assert (row["run"], row["status"]) == (run["run"], "succeeded")
    assert empty.told("show", row["name"])["outputs"] == run["outputs"]


def test_an_export_of_what_is_not_here_says_how_it_comes(tally: Program, tmp_path: Path) -> None:
    """What stayed with the peers that made it is not here, unless a run was to bring it."""
    missing = Cid.of(RAW, b"what a peer has")
    told = tally("export", missing, tmp_path / "x.car")
    assert (told.code, "--keep-intermediates" in told.err) == (3, True), told.err
