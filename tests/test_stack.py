"""Five scientific packages and all that they need, from a lock file as a tool wrote it.

Fetches 100 MB from the index that pip is configured for: `pytest -m network`.
"""

import json
from pathlib import Path

import pytest

from engine.nix.nixstore import NixStore
from tests.cli.program import ROOT, Program
from tests.fakes import nixstore

pytestmark = [pytest.mark.nix, pytest.mark.sandbox, pytest.mark.slow, pytest.mark.network]

# what every machine gets
FIGURE = "bafkr4ihluidiyi4dc4qjupbeqxqsoxlcrohpyvdjtio4rr3o6ffpvzg6bi"
REPORT = "bafkr4iaes3jfk2rm762ozsyzycuizlt6m67epdqrdrperumdhj7vn23qxe"


def test_numpy_scipy_scikit_learn_pandas_and_matplotlib_compute(
    tmp_path: Path, nix_store: NixStore
) -> None:
    """The wine example: the figure and the report are those of every machine."""
    program = Program(nixstore.lend(nix_store, tmp_path / "home"))
    workflow = tmp_path / "wine" / "workflow.yaml"
    workflow.parent.mkdir()
    for path in (ROOT / "examples/wine").rglob("*"):
        target = workflow.parent / path.relative_to(ROOT / "examples/wine")
        if path.is_file() and path.suffix != ".lock":
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    run = program.told("run", workflow)
    assert run["status"] == "succeeded"
    assert run["outputs"] == {"figure": FIGURE, "report": REPORT}
    report = json.loads(program("cat", REPORT).out)
    assert min(report["mean_accuracy"].values()) > 0.9
    assert program.told("rerun", run["run"])["verdict"] == "reproduced"
