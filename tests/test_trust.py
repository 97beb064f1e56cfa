"""Results that are not believed as they come: five peers of which one lies, and evidence of it."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cli.doubted import doubted
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.nix.nixstore import NixStore
from engine.store.disk import DiskStore
from engine.trust.book import Found, TrustBook
from peers.identity import PeerId
from tests.daemons import Daemon, until
from tests.fakes import nixstore
from tests.fakes.liar import lies_about
from tests.test_examples import EXAMPLES, tally, told

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

SHARE = 0.1  # of the steps that the liar runs
LIAR = (sys.executable, "-m", "tests.fakes.liar", str(SHARE))
MANY = """\
workflow: many
params: {numbers: [0]}
environments:
  sh: {nix: ../env/default.nix, attribute: env-sh}
defaults: {environment: sh, resources: {memory: 32MiB}}
steps:
  square:
    scatter: {number: params.numbers}
    run: echo $(({scatter.number} * {scatter.number})) >{outputs.text}
    outputs: {text: text}
outputs: {squares: "square[*].text"}
"""
CHAIN = """\
workflow: chain
params: {numbers: [0]}
environments:
  sh: {nix: ../env/default.nix, attribute: env-sh}
defaults: {environment: sh, resources: {memory: 32MiB}}
steps:
  make:
    scatter: {number: params.numbers}
    run: yes {scatter.number} | head -c 22000 >{outputs.big}
    outputs: {big: big}
  size:
    inputs: {all: "make[*].big"}
    run: cat {inputs.all} | wc -c >{outputs.text}
    outputs: {text: text}
outputs: {size: size.text}
"""


RANDOM = """\
workflow: random
environments:
  sh: {nix: ../env/default.nix, attribute: env-sh}
defaults: {environment: sh, resources: {memory: 32MiB}}
steps:
  dice: {run: "od -An -N8 -tu8 /dev/urandom >{outputs.o}", outputs: {o: o}}
"""


@pytest.fixture(scope="module")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a workflow of many small steps."""
    place = tmp_path_factory.mktemp("project") / "examples"
    subprocess.run(["cp", "-r", EXAMPLES, place], check=True)
    for name, text in (("many", MANY), ("chain", CHAIN), ("random", RANDOM)):
        (place / name).mkdir()
        (place / name / "workflow.yaml").write_text(text)
    return str(place / "many" / "workflow.yaml")


@pytest.fixture(scope="module")
def daemons(
    tmp_path_factory: pytest.TempPathFactory, nix_store: NixStore
) -> Iterator[list[Daemon]]:
    """Return a requester, which knows four providers; the last of those lies."""
    folder = tmp_path_factory.mktemp("peers")
    all_ = [Daemon(nixstore.lend(nix_store, folder / number)) for number in "12345"]
    all_[-1].program = LIAR
    for one in all_:
        one.start("--lend-jobs", "1")
    know(*all_)
    yield all_
    for one in all_:
        one.stop()


def know(asks: Daemon, *others: Daemon) -> None:
    """Connect a peer to others."""
    for one in others:
        told(asks.home, "peer", "add", one.address)
    until(lambda: all(asks.is_up(one) for one in others))


def run(asks: Daemon, workflow: str, count: int, *words: str, start: int = 0) -> dict[str, Any]:
    """Run some squares on peers."""
    numbers = json.dumps(list(range(start, start + count)))
    return told(asks.home, "run", workflow, "-p", f"numbers={numbers}", "--on", "peers", *words)


def findings(home: Path, answer: dict[str, Any]) -> list[Found]:
    """Return what was found of the steps of a run."""
    book = TrustBook(home)
    found = book.found([Cid.parse(step["step"]) for step in answer["steps"]])
    book.close()
    return found


def lies(home: Path, answer: dict[str, Any], liar: Daemon) -> set[str]:
    """Return the steps of a run for which the liar gave its word, and lied."""
    steps = {step["step"] for step in answer["steps"]}
    with closing(sqlite3.connect(home / "state.db")) as database:
        rows = database.execute("SELECT key, signer FROM memo").fetchall()
    key = PeerId.parse(liar.peer).key
    said = {Cid(raw) for raw, signer in rows if signer == key}
    return {str(one) for one in said if lies_about(one, SHARE)} & steps


def be_strangers(home: Path, peer: Daemon) -> None:
    """Have a peer be checked as one that was never right."""
    book = TrustBook(home)
    book.keep([], failed=[PeerId.parse(peer.peer).key])
    book.close()


def wrong_outputs(home: Path, answer: dict[str, Any], start: int = 0) -> set[str]:
    """Return the steps of which something was believed that is no square."""
    keys = {step["id"]: step["step"] for step in answer["steps"]}
    with DiskStore(home / "store") as store:
        found = [store.get(Cid.parse(cid)) for cid in answer["outputs"]["squares"]]
    numbers = range(start, start + len(found))
    right = [b"%d\n" % (number * number) for number in numbers]
    pairs = enumerate(zip(found, right, strict=True))
    return {keys[f"square[{at}]"] for at, (one, other) in pairs if one != other}


def test_every_lie_is_caught_and_shown_to_others(
    daemons: list[Daemon], workflow: str, tmp_path: Path, nix_store: NixStore
) -> None:
    """Every one that a check was drawn for, under the rule that holds unless another is asked for.

    Nobody who is honest is accused. A sixth machine, with no network, verifies the evidence: whose
    word it is, and by running it.
    """
    asks, liar = daemons[0], daemons[-1]
    for start in range(0, 1_200, 120):  # until it was given one that it lies about
        be_strangers(asks.home, liar)
        answer = run(asks, workflow, 120, start=start)
        found = findings(asks.home, answer)
        lied = lies(asks.home, answer, liar)
        accused = {str(one.key) for one in found if one.finding == "wrong"}
        assert accused <= lied
        wrong = wrong_outputs(asks.home, answer, start)
        assert wrong <= lied
        if accused:  # then what it gave unchecked was made again by others
            assert not wrong
            break
    assert accused
    checked = next(one for one in found if one.finding == "confirmed")
    step = next(step["id"] for step in answer["steps"] if step["step"] == str(checked.key))
    explained = told(asks.home, "explain", answer["run"], step)
    assert explained["finding"] == "confirmed"
    assert {None} < set(explained["vouched"])
    sixth = nixstore.lend(nix_store, tmp_path / "sixth")
    for one in found:
        if one.finding == "wrong":
            file = str(tmp_path / f"{one.key}.car")
            assert tally(asks.home, "export", str(one.evidence), file).returncode == 0
            verified = told(sixth, "verify", file, "--offline", alone=True)
            assert (verified["verdict"], verified["accused"]) == ("wrong", liar.peer)


def test_a_lie_that_only_a_step_reads_is_caught(daemons: list[Daemon], workflow: str) -> None:
    """What is large and read by steps alone stays with who made it; it is checked all the same."""
    asks, liar = daemons[2], daemons[-1]  # one that has nothing against it yet
    know(asks, daemons[0], daemons[1], daemons[3], liar)
    chain = workflow.replace("many", "chain")
    for start in range(0, 400, 40):  # until it was given one that it lies about
        be_strangers(asks.home, liar)
        numbers = f"numbers={list(range(start, start + 40))}"
        done = tally(asks.home, "run", chain, "-p", numbers, "--on", "peers")
        assert done.returncode == 0, done.stderr
        answer = told(asks.home, "show", "latest")
        answer["steps"] = [one for one in answer["steps"] if one.get("step")]
        found = findings(asks.home, answer)
        wrong = {str(one.key) for one in found if one.finding == "wrong"}
        assert wrong <= lies(asks.home, answer, liar)
        unchecked = lies(asks.home, answer, liar) - wrong
        if wrong:  # then what it gave unchecked, before, counts no more either
            break
    assert wrong
    with DiskStore(asks.home / "store") as store:
        assert store.get(Cid.parse(answer["outputs"]["size"])) == b"880000\n"
    assert "of peers that were found out since" in done.stderr or not unchecked
    with Workspace(asks.home) as space:
        assert not doubted(space, space.journal.steps(space.journal.find("latest").id))


def test_so_many_owners_have_to_agree(daemons: list[Daemon], workflow: str) -> None:
    """Each step is run by two; one that lies is outvoted, and its step is done all the same."""
    asks, liar = daemons[1], daemons[-1]
    know(asks, *daemons[2:])
    answer = run(asks, workflow, 60, "--trust", "2/3")
    assert not wrong_outputs(asks.home, answer)
    found = findings(asks.home, answer)
    assert {one.finding for one in found} <= {"confirmed", "wrong", "disputed"}
    accused = {str(one.key) for one in found if one.finding == "wrong"}
    assert accused <= lies(asks.home, answer, liar)


def test_owners_who_never_agree_end_the_run(daemons: list[Daemon], workflow: str) -> None:
    """It has failed, not been interrupted; `explain` says who gave what, and what to do works."""
    asks = daemons[3]
    know(asks, *daemons[:3])
    random = workflow.replace("many", "random")
    done = tally(asks.home, "run", random, "--on", "peers", "--trust", "2", "-o", "json")
    assert done.returncode == 1, done.stderr
    answer = json.loads(done.stdout)
    assert answer["status"] == "failed"
    why = told(asks.home, "explain", answer["name"], "dice")["why"]
    assert "its results disagree" in why
    assert any(f"{one.peer} gave b" in why for one in daemons)
    assert why.count(" gave b") >= 2
    assert "tally check-determinism WORKFLOW dice" in why
    looked = tally(asks.home, "check-determinism", random, "dice")
    assert (looked.returncode, "random bytes" in looked.stderr) == (4, True), looked.stderr
