"""The examples, by the program as a user calls it: run, reuse, repeat, hand over."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.nix.nixstore import NixStore
from tests.commands import EXAMPLES, STEPS, statuses, tally, told
from tests.fakes import nixstore

DATA = EXAMPLES / "digits" / "data"
DERIVATION = "/nix/store/8mqiln5z08kjf91va52fkm3glbc92nxj-env-numpy.drv"
ENVIRONMENT = "bafyr4igbuambextoxe62cjtz5upjwx6dhokkdavlfwyuwvq3zfowdq37my"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, nix_store: NixStore) -> Path:
    """Return a home of its own."""
    return nixstore.lend(nix_store, tmp_path_factory.mktemp("state") / "home")


@pytest.fixture(scope="module")
def first(examples: Path, home: Path) -> dict[str, Any]:
    """Return what the first run of the digits example says."""
    return told(home, "run", str(examples / "digits" / "workflow.yaml"))


@pytest.fixture(scope="module")
def bundle(first: dict[str, Any], home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the first run as one file."""
    target = tmp_path_factory.mktemp("bundle") / "digits.car"
    done = tally(home, "export", first["run"], str(target))
    assert done.returncode == 0, done.stderr
    return target


def test_the_data_are_those_that_the_licence_names() -> None:
    """The digits came unchanged from where data/LICENSE.txt says."""
    digest = hashlib.sha256((DATA / "digits.csv.gz").read_bytes()).hexdigest()
    assert digest in (DATA / "LICENSE.txt").read_text()


@pytest.mark.nix
@pytest.mark.sandbox
def test_the_first_run_runs_every_step(first: dict[str, Any]) -> None:
    """Five instances of three steps, and one output: the metrics."""
    assert first["status"] == "succeeded"
    assert statuses(first) == dict.fromkeys(STEPS, "ran")
    assert list(first["outputs"]) == ["metrics"]


@pytest.mark.nix
@pytest.mark.sandbox
def test_the_lock_pins_what_every_machine_gets(first: dict[str, Any], examples: Path) -> None:
    """What Nix gives here is what it gives anybody: the same derivation, the same environment."""
    assert first["status"] == "succeeded"
    lock = (examples / "digits" / "workflow.lock").read_text()
    assert f"derivation: {DERIVATION}\n" in lock
    assert f"environment: {ENVIRONMENT}\n" in lock


@pytest.mark.nix
@pytest.mark.sandbox
def test_the_outputs_are_those_that_the_readme_shows(first: dict[str, Any]) -> None:
    """On every machine the digits give the same bytes: the README says which."""
    shown = (EXAMPLES.parent / "README.md").read_text()
    for step in first["steps"]:
        for output, cid in step["outputs"].items():
            assert re.search(rf"^{re.escape(step['id'])} .* {output} +{cid}$", shown, re.MULTILINE)


@pytest.mark.nix
@pytest.mark.sandbox
def test_the_networks_learn(first: dict[str, Any], home: Path) -> None:
    """Every seed reads more than 95 of 100 images that it was not trained on."""
    metrics = json.loads(tally(home, "cat", first["outputs"]["metrics"]).stdout)
    assert list(metrics["accuracy_by_seed"]) == ["0", "1", "2"]
    assert min(metrics["accuracy_by_seed"].values()) > 0.95


@pytest.mark.nix
@pytest.mark.sandbox
def test_a_second_run_reuses_every_step(first: dict[str, Any], examples: Path, home: Path) -> None:
    """Nothing is computed twice, and the same outputs have the same address."""
    again = told(home, "run", str(examples / "digits" / "workflow.yaml"))
    assert statuses(again) == dict.fromkeys(STEPS, "reused")
    assert again["outputs"] == first["outputs"]


@pytest.mark.nix
@pytest.mark.sandbox
def test_an_edited_comment_runs_that_step_only(
    first: dict[str, Any], examples: Path, home: Path
) -> None:
    """A step depends on the file that it names, not on the directory around it."""
    edited = examples.with_name("edited")
    shutil.copytree(examples, edited)
    report = edited / "digits" / "src" / "report.py"
    report.write_text(report.read_text() + "# edited\n")
    again = told(home, "run", str(edited / "digits" / "workflow.yaml"))
    assert statuses(again) == dict.fromkeys(STEPS, "reused") | {"report": "ran"}
    assert again["outputs"] == first["outputs"]


@pytest.mark.nix
@pytest.mark.sandbox
def test_one_seed_more_trains_that_seed_only(
    first: dict[str, Any], examples: Path, home: Path
) -> None:
    """A scatter that grew reuses the instances that it had."""
    words = ("run", str(examples / "digits" / "workflow.yaml"), "-p", "seeds=[0, 1, 2, 3]")
    more = told(home, *words)
    expected = dict.fromkeys(STEPS, "reused") | {"train[3]": "ran", "report": "ran"}
    assert statuses(more) == expected


@pytest.mark.nix
@pytest.mark.sandbox
def test_a_rerun_reproduces_every_step(first: dict[str, Any], home: Path) -> None:
    """Every step runs again and gives the same bytes."""
    again = told(home, "rerun", first["run"])
    assert again["verdict"] == "reproduced"
    assert {step["verdict"] for step in again["steps"]} == {"identical"}


@pytest.mark.nix
@pytest.mark.sandbox
def test_a_bundle_is_enough_on_a_machine_without_nix_and_network(
    bundle: Path, without_nix: Path, tmp_path: Path
) -> None:
    """A home that has seen nothing, no Nix on PATH, no network: reproduced."""
    again = told(
        tmp_path / "empty", "rerun", str(bundle), "--offline", path=without_nix, alone=True
    )
    assert again["verdict"] == "reproduced"
    assert len(again["steps"]) == len(STEPS)


@pytest.mark.nix
@pytest.mark.sandbox
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_flipped_byte_of_a_bundle_is_damage(bundle: Path, tmp_path: Path, share: float) -> None:
    """Wherever it is, nothing of it is run."""
    data = bytearray(bundle.read_bytes())
    data[int(len(data) * share)] ^= 1
    damaged = tmp_path / "damaged.car"
    damaged.write_bytes(data)
    assert tally(tmp_path / "empty", "rerun", str(damaged), "--offline").returncode == 5


@pytest.mark.nix
@pytest.mark.sandbox
@pytest.mark.parametrize("template", ["hello", "python", "numpy"])
def test_what_init_writes_runs(home: Path, tmp_path: Path, template: str) -> None:
    """Every template is a working project: here in a git repository, behind a symlink."""
    real = tmp_path / "somebody's old things"
    subprocess.run(["git", "init", "-q", real], check=True)
    (real / "LICENSE").write_text("mine")
    project = tmp_path / "project"
    project.symlink_to(real.name)
    done = tally(home, "init", str(project), "--template", template)
    assert done.returncode == 0, done.stderr
    assert told(home, "run", str(project / "workflow.yaml"))["status"] == "succeeded"
