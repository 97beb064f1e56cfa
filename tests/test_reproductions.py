"""The reproductions, as their authors and others have them: run, published, repeated, on peers.

Small, unless `--full`: then each as it is published, and what its author says of it must hold.
"""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.content.cid import Cid
from engine.nix.nixstore import NixStore
from peers.ledger_file import LedgerFile
from tests.commands import PROGRAM, statuses, told
from tests.daemons import Daemon, results, until
from tests.fakes import nixstore
from tests.reproductions import PER_RUN, REPRODUCTIONS, SHARE_PERCENT, Reproduction
from tests.trading import CHEAP, PRICES, connect, owed, settled

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


UNIT_TESTS = """\
workflow: unit-tests
inputs: {src: ./src, tests: ./tests} # seen side by side, as in the folder
environments: {ml: {nix: ../env/default.nix, attribute: env-numpy}}
steps:
  test:
    environment: ml
    inputs: {src: inputs.src, tests: inputs.tests}
    run: |
      PYTHONPATH={inputs.src} python -B -m unittest discover -s {inputs.tests}
      echo passed >{outputs.passed}
    outputs: {passed: passed}
    resources: {cpus: 1, memory: 1GiB, time: 2min}
"""


@dataclass(frozen=True)
class Published:
    """A reproduction with its author, who has run it and published that."""

    what: Reproduction
    author: Path  # home
    run: dict[str, Any]  # what running it said
    resource: str  # CID


@pytest.fixture(scope="module", params=REPRODUCTIONS, ids=lambda one: one.name)
def published(
    request: pytest.FixtureRequest,
    examples: Path,
    tmp_path_factory: pytest.TempPathFactory,
    nix_store: NixStore,
) -> Published:
    """Run one and publish it as its `publish` does."""
    what: Reproduction = request.param
    is_full = request.config.getoption("--full")
    home = nixstore.lend(nix_store, tmp_path_factory.mktemp("author") / "home")
    folder = examples / what.name
    sizes = () if is_full else what.sizes
    run = told(home, "run", str(folder / "workflow.yaml"), *sizes)
    if is_full:
        return Published(what, home, run, _publish(folder, home)["resource"])
    price = ("--share", str(SHARE_PERCENT), "--per-run", "0.05")
    said = told(home, "publish", str(folder / "workflow.yaml"), *sizes, *price)
    return Published(what, home, run, said["resource"])


def _publish(folder: Path, home: Path, *words: str) -> dict[str, Any]:
    """Run an example's own script, with the program that is tested as `tally`."""
    program = home / "bin" / "tally"
    program.parent.mkdir(exist_ok=True)
    program.write_text('#!/bin/sh\nexec "$PYTHON" -c "$ENTRY" "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    variables = {"TALLY_HOME": str(home), "PATH": path, "PYTHON": PROGRAM[0], "ENTRY": PROGRAM[2]}
    done = subprocess.run(
        [folder / "publish", "-o", "json", *words],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def daemons(
    tmp_path_factory: pytest.TempPathFactory, nix_store: NixStore
) -> Iterator[list[Daemon]]:
    """Return three peers that have prices; the first has work for the others."""
    folder = tmp_path_factory.mktemp("peers")
    all_ = [Daemon(nixstore.lend(nix_store, folder / number)) for number in "123"]
    yield all_
    for one in all_:
        one.stop()


@pytest.mark.parametrize("what", REPRODUCTIONS, ids=lambda one: one.name)
def test_its_numerical_code_is_right(
    what: Reproduction, examples: Path, tmp_path: Path, nix_store: NixStore
) -> None:
    """Its own tests pass, in its own environment, as a step."""
    workflow = examples / what.name / "tests.yaml"
    workflow.write_text(UNIT_TESTS)
    told(nixstore.lend(nix_store, tmp_path / "home"), "run", str(workflow))


def test_what_is_claimed_is_measured(published: Published, tmp_path: Path) -> None:
    """Each check that its `publish` has is of a number that the run gave, whatever its size."""
    assert published.what.claims
    for number, claim in enumerate(published.what.claims):
        output, *keys = claim.split()[0].split(".")
        place = tmp_path / str(number)
        told(published.author, "get", published.run["outputs"][output], str(place))
        found = json.loads(place.read_text())
        for key in keys:
            found = found[int(key) if isinstance(found, list) else key]
        assert isinstance(found, int | float), claim


def test_it_is_reproduced_from_its_bundle(
    published: Published, tmp_path: Path, without_nix: Path
) -> None:
    """In an empty home with no network and no Nix, every step gives the same bytes."""
    file = str(tmp_path / "resource.car")
    told(published.author, "export", published.resource, file)
    how = {"path": without_nix, "alone": True}
    answer = told(tmp_path / "home", "rerun", file, "--offline", **how)
    assert answer["verdict"] == "reproduced"
    verdicts = {step["id"]: step["verdict"] for step in answer["steps"]}
    assert verdicts == dict.fromkeys(statuses(published.run), "identical")


def test_peers_give_what_its_author_has_and_pay_for_it(
    published: Published, daemons: list[Daemon], request: pytest.FixtureRequest
) -> None:
    """The same CIDs, and to the author its share and its fee, to the micro-credit."""
    asks, *runs = daemons
    connect(asks, *runs, prices=CHEAP if request.config.getoption("--full") else PRICES)
    author = Daemon(published.author).start("--lend-to", "nobody")
    before = _paid(asks, *runs)
    try:
        connect(author, asks)
        answer = told(asks.home, "run", published.resource, "--on", "peers")
        spent = {one: paid - before[one] for one, paid in _paid(asks, *runs).items()}
        due = PER_RUN + sum(paid * SHARE_PERCENT // 100 for paid in spent.values())
        until(lambda: owed(author, asks) == due)
        assert owed(asks, author) == -due
    finally:
        author.stop()
    assert results(answer) == results(published.run)
    assert {step["peer"] for step in answer["steps"]} <= {one.peer for one in runs}


def _paid(*daemons: Daemon) -> Counter[Cid]:
    """Return what the first has paid in each agreement, when all is settled."""
    paid = Counter[Cid]()
    for one in settled(*daemons)[0].paid if LedgerFile.is_here(daemons[0].home) else ():
        paid[one.agreement] += one.line.amount
    return paid
