"""`tally export --format ro-crate`: a run as a Provenance Run Crate."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program
from tests.validators import needs_validators, validate

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

PROFILE = "provenance-run-crate-0.5"


@pytest.fixture
def crate(tally: Program, first: str, tmp_path: Path) -> Path:
    """Return a run as a crate."""
    folder = tmp_path / "crate"
    tally.told("export", first, folder, "--format", "ro-crate")
    return folder


def _entities(crate: Path) -> dict[str, dict]:
    graph = json.loads((crate / "ro-crate-metadata.json").read_text())["@graph"]
    return {one["@id"]: one for one in graph}


@needs_validators
def test_a_crate_is_one_by_its_profile(crate: Path) -> None:
    """roc-validator, which nobody here wrote, has no issue that is required, without a network."""
    told = validate("crate.py", crate, PROFILE)
    assert told["issues"] == []
    assert told["passed"]
    assert told["checks"] > 20


def _break(crate: Path, entity: str, name: str) -> None:
    path = crate / "ro-crate-metadata.json"
    metadata = json.loads(path.read_text())
    (one,) = (one for one in metadata["@graph"] if one["@id"] == entity)
    del one[name]
    path.write_text(json.dumps(metadata))


@needs_validators
@pytest.mark.parametrize(
    ("entity", "name"),
    [("#control/letter", "instrument"), ("#step/letter", "workExample"), ("./", "conformsTo")],
)
def test_the_validator_sees_what_is_wrong(crate: Path, entity: str, name: str) -> None:
    """A crate that lacks something of the profile has an issue."""
    _break(crate, entity, name)
    told = validate("crate.py", crate, PROFILE)
    assert told["issues"]
    assert not told["passed"]


@needs_validators
def test_a_run_that_failed_is_a_crate_too(tally: Program, write: Write, tmp_path: Path) -> None:
    """A directory that came out, a step that failed, one that never ran, a param."""
    workflow = write(
        "  a: {run: 'mkdir {outputs.o} && echo hi >{outputs.o}/x', outputs: {o: o}}\n"
        "  b: {inputs: {d: a.o}, run: 'exit 3', outputs: {o: o}}\n"
        "  c: {inputs: {d: b.o}, run: 'true', outputs: {o: o}}\n"
    )
    assert tally("run", workflow).code == 1
    run = tally.told("runs")["runs"][0]["name"]
    folder = tmp_path / "crate"
    tally.told("export", run, folder, "--format", "ro-crate")
    assert validate("crate.py", folder, PROFILE)["issues"] == []
    entities = _entities(folder)
    assert entities["#do/b"]["actionStatus"] == {"@id": "http://schema.org/FailedActionStatus"}
    assert "#do/c" not in entities
    (made,) = (
        entities["#do/a"]["result"]
        if isinstance(entities["#do/a"]["result"], list)
        else [entities["#do/a"]["result"]]
    )
    assert (folder / made["@id"] / "x").read_text() == "hi\n"
    assert entities[made["@id"]]["@type"] == "Dataset"


def test_a_crate_has_what_went_in_and_came_out(tally: Program, first: str, crate: Path) -> None:
    """Each content once, below its CID, as it is in the store; and the workflow as a file."""
    run = tally.told("show", first)
    letter = run["outputs"]["letter"]
    assert (crate / "data" / letter).read_text() == tally("cat", letter).out
    entities = _entities(crate)
    assert entities["#run"]["identifier"] == f"ipfs://{run['run']}"
    assert json.loads((crate / "workflow.json").read_text())["workflow"] == "letters"
    assert "#do/greet/1" in entities
    assert not [one for one in entities if set(one) & set("[] ")]
    named = {one.rstrip("/") for one in entities if one.startswith("data/")}
    assert named == {f"data/{path.name}" for path in (crate / "data").iterdir()}


def test_the_same_run_is_the_same_crate(tally: Program, first: str, tmp_path: Path) -> None:
    """Nothing of when or where it was written is in it."""
    for name in ("one", "two"):
        tally.told("export", first, tmp_path / name, "--format", "ro-crate")
    one, two = ((tmp_path / name / "ro-crate-metadata.json").read_text() for name in ("one", "two"))
    assert one == two


def test_a_crate_is_there_only_when_it_is_whole(tally: Program, first: str, tmp_path: Path) -> None:
    """What is there already is left as it is, and nothing is left beside it."""
    (tmp_path / "crate").mkdir()
    told = tally("export", first, tmp_path / "crate", "--format", "ro-crate")
    assert (told.code, "there is something already" in told.err) == (2, True), told.err
    told = tally("export", first, tmp_path / "none" / "crate", "--format", "ro-crate")
    assert (told.code, "cannot write there" in told.err) == (2, True), told.err
    assert [path.name for path in tmp_path.iterdir()] == ["crate"]
