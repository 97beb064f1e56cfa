"""Runs on what is not here, by the program: one peer publishes, another repeats it without Nix."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.nix.nixstore import NixStore
from tests.commands import EXAMPLES, PROGRAM, statuses, tally, told
from tests.daemons import Daemon, until
from tests.fakes import nixstore
from tests.test_sources import publish, withdraw

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

WORKFLOW = """\
workflow: count
inputs: {words: ./words, data: {cid: DATA}}
environments: {sh: {nix: ./env/default.nix, attribute: env-sh}}
defaults: {environment: sh, resources: {memory: 64MiB}}
steps:
  count:
    inputs: {words: inputs.words, data: inputs.data}
    run: cat {inputs.words} {inputs.data} | wc >{outputs.n}
    outputs: {n: n}
  twice:
    inputs: {n: count.n}
    run: cat {inputs.n} {inputs.n} >{outputs.nn}; echo made
    outputs: {nn: nn}
outputs: {all: twice.nn}
"""


@pytest.fixture(scope="module")
def peers(
    tmp_path_factory: pytest.TempPathFactory,
    nix_store: NixStore,
    without_nix: Path,
) -> Iterator[list[Daemon]]:
    """Return one that has no Nix, and one that has, connected."""
    folder = tmp_path_factory.mktemp("elsewhere")
    both = [
        Daemon(folder / "1", without_nix).start(),
        Daemon(nixstore.lend(nix_store, folder / "2")).start(),
    ]
    told(both[0].home, "peer", "add", both[1].address)
    until(lambda: both[0].is_up(both[1]) and both[1].is_up(both[0]))
    yield both
    for one in both:
        one.stop()


@pytest.fixture(scope="module")
def project(peers: list[Daemon], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workflow with an input that only its author has, locked."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(EXAMPLES / "env", folder / "env")
    (folder / "data").write_bytes(b"data\n" * 500_000)
    (folder / "words").write_text("some words\n")
    data = told(peers[1].home, "add", str(folder / "data"))["tree"]
    (folder / "workflow.yaml").write_text(WORKFLOW.replace("DATA", data))
    return folder / "workflow.yaml"


@pytest.fixture(scope="module")
def run(peers: list[Daemon], project: Path) -> dict[str, Any]:
    """Return the author's run, which is public."""
    answer = told(peers[1].home, "run", str(project))
    publish(peers[1], answer["run"])
    return answer


def test_a_public_run_is_repeated_elsewhere(
    peers: list[Daemon],
    run: dict[str, Any],
    without_nix: Path,
) -> None:
    """Shown, logged, rerun and run by its CID alone, on a machine that had nothing of it."""
    asks, _ = peers
    shown = told(asks.home, "show", run["run"])
    assert shown["outputs"] == run["outputs"]
    assert asks.status()["content"]["received"] < 100_000
    assert "made" in tally(asks.home, "log", run["run"], "twice").stdout
    assert len(tally(asks.home, "cat", f"{run['run']}/twice/nn").stdout.splitlines()) == 2
    assert asks.status()["content"]["received"] < 100_000
    answer = told(asks.home, "rerun", run["run"], path=without_nix)
    assert answer["verdict"] == "reproduced"
    again = told(asks.home, "run", run["run"], path=without_nix)
    assert statuses(again) == {"count": "ran", "twice": "ran"}
    assert again["outputs"] == run["outputs"]
    offline = told(asks.home, "rerun", run["run"], "--offline", path=without_nix)
    assert offline["verdict"] == "reproduced"


@pytest.fixture
def lone(peers: list[Daemon], tmp_path: Path, without_nix: Path) -> Iterator[Daemon]:
    """Return one more that has no Nix, connected to the author's."""
    lone = Daemon(tmp_path / "3", without_nix).start()
    told(lone.home, "peer", "add", peers[1].address)
    until(lambda: lone.is_up(peers[1]) and peers[1].is_up(lone))
    yield lone
    lone.stop()


def test_what_a_lock_names_is_had_where_it_is_not(
    peers: list[Daemon],
    project: Path,
    run: dict[str, Any],
    lone: Daemon,
    without_nix: Path,
) -> None:
    """A workflow file with its lock runs where there is no Nix: its environment is public."""
    _, has = peers
    environment = told(has.home, "env", "show", f"{project}#sh")["environments"]["sh"]
    refused = tally(lone.home, "run", str(project), path=without_nix)
    assert refused.returncode == 3
    assert "and the environment does not come from peers (" in refused.stderr
    publish(has, environment["environment"])
    shown = told(lone.home, "env", "show", environment["environment"])
    assert shown["environments"][environment["environment"]] == environment
    refused = tally(lone.home, "run", str(project), path=without_nix)
    assert refused.returncode == 3
    assert "the content of input 'data' is not here" in refused.stderr
    publish(has, told(has.home, "add", str(project.parent / "data"))["tree"])
    answer = told(lone.home, "run", str(project), path=without_nix)
    assert answer["outputs"] == run["outputs"]
    withdraw(has, environment["environment"])


LARGE = 100_000_000  # bytes: takes long enough to be interrupted


def test_a_run_that_is_killed_while_it_fetches_goes_on(
    peers: list[Daemon],
    project: Path,
    run: dict[str, Any],
    without_nix: Path,
) -> None:
    """The same command has the rest, and runs; offline, half of an input is not taken for it."""
    asks, has = peers
    (project.parent / "large").write_bytes(os.urandom(LARGE))
    data = told(has.home, "add", str(project.parent / "large"))["tree"]
    file = project.with_name("large.yaml")
    text = project.read_text().replace("workflow: count", "workflow: large")
    file.write_text(re.sub(r"cid: \w+", f"cid: {data}", text))
    shutil.copy(project.with_suffix(".lock"), file.with_suffix(".lock"))
    publish(has, data)
    told(asks.home, "show", run["run"])  # its environment is public as part of that
    told(asks.home, "rerun", run["run"], path=without_nix)
    before = asks.status()["content"]["received"]

    def came() -> int:
        return int(asks.status()["content"]["received"]) - before

    killed = started(asks, without_nix, "run", str(file))
    until(lambda: came() > LARGE // 10)
    killed.kill()
    killed.communicate()
    until(lambda: not asks.status()["content"]["fetches"])
    assert came() < LARGE
    offline = tally(asks.home, "run", str(file), "--offline", path=without_nix)
    assert offline.returncode == 3
    answer = told(asks.home, "run", str(file), path=without_nix)
    assert statuses(answer) == {"count": "ran", "twice": "ran"}
    assert came() < LARGE + LARGE // 10


def started(daemon: Daemon, path: Path, *words: str) -> subprocess.Popen[str]:
    """Start a command on the home of a peer."""
    variables = os.environ | {"TALLY_HOME": str(daemon.home), "PATH": str(path)}
    return subprocess.Popen(
        [*PROGRAM, *words], env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
