"""Peers, by the program as a user calls it: daemons that run the digits example for one another.

Each has a home and a port of its own. The requester has Nix; who runs steps for it has none.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.content.cid import Cid
from engine.nix.nixstore import NixStore
from engine.store.disk import DiskStore
from tests.commands import STEPS, statuses, tally, told
from tests.daemons import Daemon, digits, ended, local, results, start, until
from tests.fakes import nixstore
from tests.namespaces import networks

__all__ = ["local", "networks"]  # fixtures

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


@pytest.fixture(scope="module")
def daemons(
    tmp_path_factory: pytest.TempPathFactory, nix_store: NixStore, without_nix: Path
) -> Iterator[list[Daemon]]:
    """Return a requester and two who run steps for it; those have no Nix."""
    folder = tmp_path_factory.mktemp("peers")
    asks = Daemon(nixstore.lend(nix_store, folder / "1"))
    all_ = [asks, *(Daemon(folder / number, without_nix) for number in ("2", "3"))]
    yield all_
    for one in all_:
        one.stop()


@pytest.fixture
def connected(daemons: list[Daemon]) -> list[Daemon]:
    """Return them, running and connected."""
    for one in daemons:
        one.start()
    asks, *runs = daemons
    for one in runs:
        told(asks.home, "peer", "add", one.address)
    until(lambda: all(asks.is_up(one) for one in runs))
    return daemons


def test_peers_give_what_one_machine_gives(
    connected: list[Daemon], examples: Path, local: Callable[[str], dict[str, Any]]
) -> None:
    """Step, result and output CIDs are equal; two peers train; reuse and rerun work afterwards."""
    asks, *runs = connected
    workflow, here = digits(examples), local("[0, 1, 2]")
    answer = told(asks.home, "run", workflow, "--on", "peers")
    assert results(answer) == results(here)
    assert answer["outputs"] == here["outputs"]
    peers = {step["id"]: step["peer"] for step in answer["steps"]}
    assert set(peers.values()) <= {one.peer for one in runs}
    assert len({peers[f"train[{index}]"] for index in range(3)}) == 2
    again = told(asks.home, "run", workflow, "--on", "peers", "--force", "report")
    assert statuses(again) == dict.fromkeys(STEPS, "reused") | {"report": "ran"}
    whole = told(asks.home, "run", workflow, "--on", "peers", "--keep-intermediates")
    assert results(whole) == results(here)
    assert told(asks.home, "rerun", answer["run"])["verdict"] == "reproduced"
    said = told(asks.home, "show", answer["run"], "--evidence")["evidence"]
    assert {one["signature"] for one in said if one["in_run"]} == {"good"}  # checks here are not


def test_a_daemon_that_is_killed_does_not_fail_a_run(
    connected: list[Daemon], examples: Path, local: Callable[[str], dict[str, Any]]
) -> None:
    """The other one does what is left, and all comes out the same."""
    asks, *runs = connected
    run = start(asks, digits(examples), "seeds=[3, 4, 5]")
    until(lambda: any(one.is_running for one in runs))
    doomed = next(one for one in runs if one.is_running)
    doomed.kill()
    answer = ended(run)
    assert results(answer) == results(local("[3, 4, 5]"))
    assert {step["peer"] for step in answer["steps"]} - {doomed.peer}


def test_a_network_process_that_is_killed_does_not_fail_a_run(
    connected: list[Daemon], examples: Path, local: Callable[[str], dict[str, Any]]
) -> None:
    """Its node has another one, and is met again."""
    asks, *runs = connected
    run = start(asks, digits(examples), "seeds=[11]")
    until(lambda: any(one.is_running for one in runs))
    struck = next(one for one in runs if one.is_running)
    before = networks_of(struck)
    os.kill(before[-1], signal.SIGKILL)
    assert results(ended(run)) == results(local("[11]"))
    until(lambda: len(networks_of(struck)) > len(before) and asks.is_up(struck))


def networks_of(daemon: Daemon) -> list[int]:
    """Return the network processes that a daemon has started, by their ids."""
    return [one["pid"] for one in daemon.log() if one["event"] == "network started"]


def test_a_requester_that_is_killed_goes_on_where_it_was(
    connected: list[Daemon], examples: Path, local: Callable[[str], dict[str, Any]]
) -> None:
    """What was accepted before is not run again."""
    asks, *runs = connected
    seeds = "seeds=[6, 7, 8, 9, 10]"
    run = start(asks, digits(examples), seeds)
    until(lambda: "]: done" in (asks.home / "run.err").read_text())
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    asks.kill()
    asks.start()
    until(lambda: all(asks.is_up(one) for one in runs))
    before = evidence(asks, "latest")
    answer = told(asks.home, "run", digits(examples), "-p", seeds, "--on", "peers")
    assert results(answer) == results(local("[6, 7, 8, 9, 10]"))
    after = evidence(asks, answer["run"])
    assert before
    assert before.items() <= after.items()


LARGE = """\
workflow: large
inputs: {code: ./make.py}
environments:
  ml: {nix: ../env/default.nix, attribute: env-numpy}
defaults: {environment: ml}
params: {letter: a}
steps:
  make:
    inputs: {code: inputs.code}
    run: python {inputs.code} {params.letter} {outputs.large}
    outputs: {large: large}
  use:
    scatter: {number: [0, 1, 2, 3]}
    inputs: {large: make.large}
    run: sleep 1; wc -c {inputs.large} >{outputs.size}; echo {scatter.number} >>{outputs.size}
    outputs: {size: size}
  sum:
    inputs: {sizes: "use[*].size"}
    run: cat {inputs.sizes} >{outputs.all}
    outputs: {all: all}
outputs: {all: sum.all}
"""
MAKE = """\
import random, sys
open(sys.argv[2], "wb").write(random.Random(sys.argv[1]).randbytes(3_000_000))
"""


@pytest.fixture(scope="module")
def large(examples: Path) -> Path:
    """Return a workflow of which a step gives what is large, and only other steps read it."""
    folder = examples / "large"
    folder.mkdir()
    (folder / "make.py").write_text(MAKE)
    (folder / "workflow.yaml").write_text(LARGE)
    return folder / "workflow.yaml"


def test_what_only_steps_read_does_not_come_here(connected: list[Daemon], large: Path) -> None:
    """It goes from who made it to who needs it, by a pass; what is reused of it stays there."""
    asks, *runs = connected
    before = {one.peer: one.status()["content"] for one in connected}
    words = ("run", str(large), "--on", "peers", "--trust", "any")  # a check would bring it here
    answer = told(asks.home, *words)
    ran = {step["id"]: step["peer"] for step in answer["steps"]}
    outputs = {step["id"]: step["outputs"] for step in answer["steps"]}
    moved = {one.peer: moved_since(one, before[one.peer]) for one in connected}
    assert len({ran[f"use[{number}]"] for number in range(4)}) == 2
    assert moved[asks.peer]["received"] < 100_000
    (other,) = {one.peer for one in runs} - {ran["make"]}
    assert moved[ran["make"]]["sent"] >= 3_000_000
    assert moved[other]["received"] >= 3_000_000
    with closing(DiskStore(asks.home / "store")) as store:
        assert not store.has(Cid.parse(outputs["make"]["large"]))
    again = told(asks.home, *words, "--force", "sum")
    assert statuses(again)["make"] == statuses(again)["use[0]"] == "reused"


def test_what_went_with_a_peer_is_made_again(connected: list[Daemon], large: Path) -> None:
    """By another, and the steps that read it do not know."""
    asks, *runs = connected
    words = ("run", str(large), "-p", "letter=b", "--on", "peers", "--trust", "any")
    answer = told(asks.home, *words)
    ran = {step["id"]: step["peer"] for step in answer["steps"]}
    next(one for one in runs if one.peer == ran["make"]).kill()
    again = told(asks.home, *words, "--force", "use")
    assert results(again) == results(answer)
    assert statuses(again)["make"] == "reused"


def test_a_run_costs_no_more_than_it_may(connected: list[Daemon], examples: Path) -> None:
    """It ends with exit 3 when peers ask more, and goes on with the same command and more."""
    asks, *runs = connected
    for one in runs:
        one.stop()
        one.start("--prices", "core-second=0.001")
        told(asks.home, "peer", "add", one.address)
    until(lambda: all(asks.is_up(one) for one in runs))
    words = ("run", digits(examples), "-p", "seeds=[12]", "--on", "peers", "--max-cost")
    refused = tally(asks.home, *words, "0.000001")
    assert refused.returncode == 3
    assert "0.000001 credits of 0.000001 credits is left to spend" in refused.stderr
    assert "'--max-cost C' raises it" in refused.stderr
    assert told(asks.home, *words, "1")["status"] == "succeeded"
    check_plan(asks, digits(examples), {one.peer for one in runs})
    for one in runs:
        one.stop()  # they ask nothing when they are started again


def check_plan(asks: Daemon, workflow: str, sellers: set[str]) -> None:
    """See that a plan says who would run what, for how much."""
    words = ("plan", workflow, "-p", "seeds=[12]", "--on", "peers", "--force", "train")
    plan = told(asks.home, *words)
    cost, steps = plan["cost"], {step["id"]: step for step in plan["steps"]}
    assert 0 < steps["train[0]"]["cost"] <= cost["expected"] <= cost["at_most"] == 1_000_000
    assert steps["train[0]"]["peer"] in sellers
    assert steps["prepare"]["peer"] is None  # it would be reused
    assert {one["peer"] for one in cost["providers"]} == sellers
    assert [one["prices"] for one in cost["providers"]] == [{"core-second": 1_000}] * 2
    dear = tally(asks.home, *words, "--max-cost", "0.000001")
    assert dear.returncode == 3
    assert "expected cost: 0." in dear.stderr
    assert "'--max-cost C' raises it" in dear.stderr


def moved_since(daemon: Daemon, before: dict[str, int]) -> dict[str, int]:
    """Return how many bytes of content a daemon has sent and received since."""
    return {word: daemon.status()["content"][word] - before[word] for word in ("sent", "received")}


def evidence(daemon: Daemon, run: str) -> dict[str, str]:
    """Return the attestation of each step of a run that has one."""
    said = told(daemon.home, "show", run, "--evidence")["evidence"]
    return {one["id"]: one["attestation"] for one in said}


@pytest.mark.slow
def test_a_peer_that_nobody_can_dial_runs_steps_through_a_relay(
    networks: list[tuple[str, ...]],
    examples: Path,
    local: Callable[[str], dict[str, Any]],
    tmp_path: Path,
    nix_store: NixStore,
    without_nix: Path,
) -> None:
    """It is learned of from the relay, and met again when that was killed in the middle."""
    relay = Daemon(tmp_path / "relay", without_nix, networks[0])
    hidden = Daemon(tmp_path / "hidden", without_nix, networks[1])
    asks = Daemon(nixstore.lend(nix_store, tmp_path / "asks"), None, networks[2])
    listen = ("--listen", "0.0.0.0:4177", "--lend-to", "nobody")
    try:
        relay.start("--relay", "--address", "10.71.1.1", *listen)
        hidden.start("--via", relay.address, "--listen", "0.0.0.0:0")
        asks.start(*listen)
        told(asks.home, "peer", "add", relay.address)
        until(lambda: asks.is_up(hidden))
        run = start(asks, digits(examples), "seeds=[0]")
        until(lambda: hidden.is_running)
        relay.kill()
        relay.start("--relay", "--address", "10.71.1.1", *listen)
        answer = ended(run)
        assert results(answer) == results(local("[0]"))
        assert {step["peer"] for step in answer["steps"]} == {hidden.peer}
    finally:
        for one in (asks, hidden, relay):
            one.stop()
