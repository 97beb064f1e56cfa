"""The clinical example between two authors: a claim, and what a changed detail does to it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.nix.nixstore import NixStore
from tests.commands import EXAMPLES, PROGRAM, statuses, tally, told
from tests.fakes import nixstore

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

SMALL = (
    *("-p", "folds=[0, 1, 2, 3]", "-p", "inner_folds=3", "-p", "penalties=[1]"),
    *("-p", "bootstrap_seeds=[0, 1]", "-p", "resamples=100"),
)
CHANGED = "threshold={rule: fixed, at: 0.5}"
BROKEN = "metrics.sensitivity >= 0.97"


def publish(home: Path, script: Path, tools: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a `publish` script of the example, with the program of this checkout as `tally`."""
    variables = os.environ | {"TALLY_HOME": str(home), "NO_COLOR": "1"}
    variables["PATH"] = f"{tools}:{os.environ['PATH']}"
    return subprocess.run(
        [script, *words], env=variables, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a program `tally`."""
    folder = tmp_path_factory.mktemp("tools")
    (folder / "tally").write_text(f"#!/bin/sh\nexec {sys.executable} -c '{PROGRAM[-1]}' \"$@\"\n")
    (folder / "tally").chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def first(
    examples: Path, nix_store: NixStore, tools: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return what the first author published, as a file."""
    folder = tmp_path_factory.mktemp("first")
    home = nixstore.lend(nix_store, folder / "home")
    told(home, "run", str(examples / "clinical" / "workflow.yaml"), *SMALL)
    done = publish(home, examples / "clinical" / "publish", tools, *SMALL)
    assert done.returncode == 0, done.stderr
    exported = tally(home, "export", "clinical", str(folder / "clinical.car"))
    assert exported.returncode == 0, exported.stderr
    return folder / "clinical.car"


@pytest.fixture(scope="module")
def second(first: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of a second author, who has the first one's resource and has run it."""
    home = tmp_path_factory.mktemp("second") / "home"
    assert tally(home, "import", str(first)).returncode == 0
    ran = told(home, "run", "clinical")
    assert all(check["holds"] for check in ran["checks"])
    return home


@pytest.fixture(scope="module")
def changed(second: Path) -> dict[str, Any]:
    """Return the second author's run with another threshold, of which a check does not hold."""
    done = tally(second, "run", "clinical", "-p", CHANGED, "-o", "json")
    assert done.returncode == 4, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_second_author_gets_what_the_first_got(second: Path, without_nix: Path) -> None:
    """In another home, with no Nix and no network: each step gives the same bytes."""
    again = told(second, "rerun", "clinical", "--offline", path=without_nix, alone=True)
    assert again["verdict"] == "reproduced"
    assert {step["verdict"] for step in again["steps"]} == {"identical"}


def test_a_detail_changes_what_follows_from_it(changed: dict[str, Any]) -> None:
    """The models stay; what is flagged by them does not, and one check of six falls."""
    became = statuses(changed)
    same = {"prepare", "split", *(f"fold[{fold}]" for fold in range(4))}
    assert {step for step, status in became.items() if status == "reused"} == same
    assert [one["check"] for one in changed["checks"] if not one["holds"]] == [BROKEN]


def test_diff_shows_what_the_detail_did_to_the_claim(second: Path, changed: dict[str, Any]) -> None:
    """The param, and the lines of the claim that are others: not the area under the curve."""
    found = told(second, "diff", "clinical", changed["run"])
    assert [one["field"] for one in found["given"]] == ["params.threshold"]
    steps = {step["id"]: step for step in found["steps"]}
    assert not {"prepare", "split", "fold[0]"} & set(steps)
    fallen = [one["check"] for one in found["checks"] if not one["now"]["holds"]]
    assert (fallen, all(one["was"]["holds"] for one in found["checks"])) == ([BROKEN], True)
    said = tally(second, "diff", "clinical", changed["run"]).stdout
    assert "malignant masses missed` → `sensitivity 0.9" in said
    assert "area under the ROC curve" not in said


def test_the_derived_resource_pays_the_first_author(
    second: Path, changed: dict[str, Any], tools: Path
) -> None:
    """Its claim is what it does, it has the second author's run, and its parent is named."""
    parent = told(second, "show", "clinical")["resource"]
    script = EXAMPLES / "clinical" / "derived" / "publish"
    done = publish(second, script, tools, "clinical", "-o", "json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    shown = told(second, "show", made["resource"])
    assert (shown["run"], shown["parents"]) == (changed["run"], [parent])
    assert "20 % of that goes to the authors of clinical@1" in done.stderr
