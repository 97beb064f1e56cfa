"""Open Resources between peers: one publishes, another has heard of it, runs it and verifies it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.nix.nixstore import NixStore
from tests.commands import EXAMPLES, statuses, tally, told
from tests.daemons import Daemon, until
from tests.fakes import nixstore

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

WORKFLOW = """\
workflow: scores
params: {accuracy: 0.93}
inputs: {words: ./words}
environments: {sh: {nix: ./env/default.nix, attribute: env-sh}}
defaults: {environment: sh, resources: {memory: 64MiB}}
steps:
  read:
    inputs: {words: inputs.words}
    run: cat {inputs.words} >{outputs.text}
    outputs: {text: text}
  measure:
    inputs: {text: read.text}
    run: test -s {inputs.text}; echo '{{"accuracy":' {params.accuracy} '}}' >{outputs.metrics}
    outputs: {metrics: metrics.json}
outputs: {metrics: measure.metrics}
"""


@pytest.fixture(scope="module")
def peers(
    tmp_path_factory: pytest.TempPathFactory,
    nix_store: NixStore,
    without_nix: Path,
) -> Iterator[list[Daemon]]:
    """Return an author, and somebody else who has nothing, and no Nix; both are connected."""
    folder = tmp_path_factory.mktemp("resources")
    both = [
        Daemon(nixstore.lend(nix_store, folder / "author")).start(),
        Daemon(folder / "other", without_nix).start(),
    ]
    told(both[1].home, "peer", "add", both[0].address)
    until(lambda: both[0].is_up(both[1]) and both[1].is_up(both[0]))
    yield both
    for one in both:
        one.stop()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workflow of two steps."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(EXAMPLES / "env", folder / "env")
    (folder / "words").write_text("some words\n")
    (folder / "workflow.yaml").write_text(WORKFLOW)
    return folder / "workflow.yaml"


CHECK = "metrics.accuracy >= 0.9"


@pytest.fixture(scope="module")
def made(peers: list[Daemon], project: Path) -> dict[str, Any]:
    """Return what the author published, with a run of it."""
    told(peers[0].home, "run", str(project))
    words = ("--title", "A score", "--check", CHECK)
    return told(peers[0].home, "publish", str(project), *words)


def test_what_one_publishes_another_runs_and_verifies(
    peers: list[Daemon],
    project: Path,
    made: dict[str, Any],
    without_nix: Path,
) -> None:
    """By its name, as soon as word of it came; a new version is known, and not used unasked."""
    author, other = peers
    until(lambda: tally(other.home, "show", "scores").returncode == 0)
    shown = told(other.home, "show", "scores")
    assert (shown["resource"], shown["title"]) == (made["resource"], "A score")
    answer = told(other.home, "run", "scores", path=without_nix)
    assert statuses(answer) == {"read": "ran", "measure": "ran"}
    assert answer["checks"] == [{"check": CHECK, "holds": True, "found": "0.93"}]
    again = told(other.home, "rerun", "scores", "--endorse", path=without_nix)
    assert (again["run"], again["verdict"]) == (made["run"], "reproduced")
    until(lambda: told(author.home, "show", "scores")["rerun_by"] != [])
    told(author.home, "publish", str(project), "--title", "A better score")
    until(lambda: tally(other.home, "show", "scores@2").returncode == 0)
    told_again = tally(other.home, "run", "scores", path=without_nix)
    assert told_again.returncode == 0
    assert "name it 'scores@2' to use it" in told_again.stderr
    offline = told(other.home, "rerun", "scores", "--offline", path=without_nix)
    assert offline["verdict"] == "reproduced"


def test_what_was_taken_back_is_had_no_more(
    peers: list[Daemon],
    made: dict[str, Any],
    tmp_path: Path,
    without_nix: Path,
) -> None:
    """Not from its author, by whoever comes late; who has a version of it goes on with that."""
    author, other = peers
    resource = made["resource"]
    assert tally(other.home, "run", resource, path=without_nix).returncode == 0
    late = Daemon(tmp_path / "late", without_nix).start()
    told(late.home, "peer", "add", author.address)
    until(lambda: late.is_up(author) and author.is_up(late))
    assert told(late.home, "show", resource)["version"] == 1
    told(author.home, "unpublish", "scores")
    lost = tally(late.home, "run", resource, path=without_nix)
    assert (lost.returncode, "does not come from peers" in lost.stderr) == (3, True)
    assert tally(other.home, "run", resource, path=without_nix).returncode == 0
    late.stop()
