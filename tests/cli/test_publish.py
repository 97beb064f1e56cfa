"""`tally publish`: a workflow becomes an Open Resource, which another home runs and verifies."""

from pathlib import Path

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program, statuses
from tests.fakes import nixstore

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

STEPS = """\
  measure:
    run: echo '{{"accuracy":' {params.accuracy} '}}' >{outputs.metrics}
    outputs: {metrics: metrics.json}
outputs: {metrics: measure.metrics}
"""
HEAD = "params: {accuracy: 0.93}"
CHECK = "metrics.accuracy >= 0.9"


@pytest.fixture
def other(own: Program, tmp_path: Path, nix_store: nixstore.NixStore) -> Program:
    """Return the program on a home that has nothing yet."""
    return own.at(nixstore.lend(nix_store, tmp_path / "other" / "home"))


@pytest.fixture
def scores(write: Write) -> Path:
    """Return a workflow whose one output is a number in JSON."""
    return write(STEPS, head=HEAD, name="scores")


def test_what_is_published_runs_elsewhere(
    own: Program, other: Program, scores: Path, tmp_path: Path
) -> None:
    """From the file that it was exported to; its checks are made there."""
    run = own.told("run", scores)["run"]
    made = own.told("publish", scores, "--title", "A score", "--check", CHECK)
    assert (made["name"], made["version"], made["run"]) == ("scores", 1, run)
    own.told("export", made["resource"], tmp_path / "scores.car")
    other.told("import", tmp_path / "scores.car")
    told = other("run", made["resource"], "-o", "json")
    assert told.code == 0, told.err
    assert "scores@1: A score" in told.err
    assert statuses(told.json) == {"measure": "ran"}
    assert told.json["checks"] == [{"check": CHECK, "holds": True, "found": "0.93"}]
