"""Trade, by the program as a user calls it: daemons with prices that run steps for one another.

What they owe is read from their ledgers, and from the lines of the receipts in those.
"""

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.content.cid import Cid
from engine.nix.nixstore import NixStore
from tests.commands import EXAMPLES, PROGRAM, tally, told
from tests.daemons import Daemon, until
from tests.fakes import nixstore
from tests.peers.standing import Standing
from tests.trading import PRICES, connect, owed, settled

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

SLOW = """\
workflow: slow
params: {salt: a, seconds: 0, quick: [0, 1]}
environments:
  sh: {nix: ../env/default.nix, attribute: env-sh}
defaults: {environment: sh, resources: {memory: 64MiB}}
steps:
  quick:
    scatter: {number: params.quick}
    run: sleep 0.1; echo {params.salt} {scatter.number} >{outputs.text}
    outputs: {text: text}
  slow:
    inputs: {all: "quick[*].text"}
    run: sleep 0.1; sleep {params.seconds}; cat {inputs.all} >{outputs.text}
    outputs: {text: text}
outputs: {text: slow.text}
"""


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a place with the examples, and a workflow whose last step takes as long as asked."""
    place = tmp_path_factory.mktemp("project") / "examples"
    subprocess.run(["cp", "-r", EXAMPLES, place], check=True)
    (place / "digits" / "workflow.lock").unlink(missing_ok=True)
    (place / "slow").mkdir()
    (place / "slow" / "workflow.yaml").write_text(SLOW)
    return place


@pytest.fixture(scope="module")
def daemons(
    tmp_path_factory: pytest.TempPathFactory, nix_store: NixStore
) -> Iterator[list[Daemon]]:
    """Return three peers that have prices."""
    folder = tmp_path_factory.mktemp("peers")
    all_ = [Daemon(nixstore.lend(nix_store, folder / number)) for number in "123"]
    yield all_
    for one in all_:
        one.stop()


def begin(asks: Daemon, workflow: Path, *words: str) -> "subprocess.Popen[str]":
    """Begin a run on peers, in the background."""
    with (asks.home / "run.err").open("w") as log:
        return subprocess.Popen(
            [*PROGRAM, "run", str(workflow), *words, "--on", "peers", "-o", "json"],
            env=os.environ | {"TALLY_HOME": str(asks.home)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )


def ran(answer: dict[str, Any], by: Daemon) -> set[str]:
    """Return the steps that a peer ran in a run."""
    return {one["step"] for one in answer["steps"] if one["peer"] == by.peer}


def lines(standing: Standing, steps: Sequence[str] | set[str]) -> list[str]:
    """Return for which of some steps this peer was paid, or paid, with repeats."""
    return sorted(str(one.line.step) for one in standing.paid if str(one.line.step) in steps)


def test_what_a_run_costs_is_owed_on_both_sides(daemons: list[Daemon], examples: Path) -> None:
    """To the micro-credit, and it is the sum of the receipts' lines, one for each step."""
    asks, *runs = daemons
    connect(asks, *runs)
    workflow = str(examples / "digits" / "workflow.yaml")
    answer = told(asks.home, "run", workflow, "--on", "peers", "--max-cost", "2")
    mine, *theirs = settled(asks, *runs)
    for one, theirs_ in zip(runs, theirs, strict=True):
        assert lines(theirs_, ran(answer, one)) == sorted(ran(answer, one))
        owed = sum(paid.line.amount for paid in theirs_.paid)
        assert theirs_.balances[mine.me].balance == owed > 0
        assert mine.balances[theirs_.me].balance == -owed
    assert len(mine.paid) == len(answer["steps"])
    amount = sum(paid.line.amount for paid in mine.paid)
    cost = {"unit": "microcredit", "amount": amount, "for_authors": 0, "is_settled": True}
    assert answer["cost"] == told(asks.home, "show", answer["name"])["cost"] == cost
    for one in daemons:  # while it runs
        assert told(one.home, "credit", "verify")["lacks"] == {}


def test_what_was_paid_goes_with_the_run(
    daemons: list[Daemon], examples: Path, tmp_path: Path
) -> None:
    """Who gets the bundle sees that the receipts in it hold, when a step is run again."""
    asks, *runs = daemons
    connect(asks, *runs)
    workflow = str(examples / "slow" / "workflow.yaml")
    answer = told(asks.home, "run", workflow, "-p", "salt=p", "--on", "peers")
    mine, *_ = settled(asks, *runs)
    told(asks.home, "export", answer["run"], str(tmp_path / "run.car"))
    again = told(runs[0].home, "rerun", str(tmp_path / "run.car"), "--step", "slow")
    steps = {one["step"] for one in answer["steps"]}
    amount = sum(paid.line.amount for paid in mine.paid if str(paid.line.step) in steps)
    assert again["receipts"]["amount"] == amount > 0
    assert again["receipts"]["steps"] == len(steps)
    assert set(again["receipts"]["peers"]) == {one["peer"] for one in answer["steps"]}


def test_an_author_who_was_away_has_its_share(
    daemons: list[Daemon], examples: Path, tmp_path: Path
) -> None:
    """A tenth of what the run paid, rounded down, and what is fixed, when its peer first starts."""
    asks, *runs = daemons
    connect(asks, *runs)
    author, manifest = Daemon(tmp_path / "author"), str(tmp_path / "authors")
    told(author.home, "royalty", "make", manifest, "--share", "10", "--per-run", "0.05")
    workflow = str(examples / "digits" / "workflow.yaml")
    words = ("-p", "seeds=[7, 8]", "--on", "peers", "--royalty", manifest)
    before = {paid.agreement for paid in settled(asks, *runs)[0].paid}
    told(asks.home, "run", workflow, *words)
    mine, *_ = settled(asks, *runs)
    spent = Counter[Cid]()
    for paid in mine.paid:
        if paid.agreement not in before:
            spent[paid.agreement] += paid.line.amount
    due = 50_000 + sum(amount // 10 for amount in spent.values())
    try:
        connect(author, asks)
        until(lambda: owed(author, asks) == due)
    finally:
        author.stop()
    assert owed(asks, author) == -due


def test_an_open_resource_pays_its_authors(
    daemons: list[Daemon], examples: Path, tmp_path: Path, nix_store: NixStore
) -> None:
    """Unasked, by whoever runs it on peers; who says so pays its providers alone."""
    asks, *runs = daemons
    connect(asks, *runs)
    author = Daemon(nixstore.lend(nix_store, tmp_path / "author"))
    workflow = str(examples / "slow" / "workflow.yaml")
    words = ("--per-run", "0.05", "-p", "salt=published")
    resource = told(author.home, "publish", workflow, *words)["resource"]
    author.start("--lend-to", "nobody")
    connect(author, asks)
    try:
        told(asks.home, "run", resource, "--on", "peers")
        until(lambda: owed(author, asks) == 50_000)
        free = ("-p", "salt=free", "--no-royalty")
        told(asks.home, "run", resource, "--on", "peers", *free)
        settled(asks, *runs)
        assert (owed(author, asks), owed(asks, author)) == (50_000, -50_000)
    finally:
        author.stop()


def test_a_provider_is_paid_for_what_it_finished(daemons: list[Daemon], examples: Path) -> None:
    """Killed in the middle of a step it gets nothing for that one, but for those before it."""
    asks, *runs = daemons
    connect(asks, *runs)
    run = begin(asks, examples / "slow" / "workflow.yaml", "-p", "seconds=2")
    until(lambda: "quick[1]: done" in (asks.home / "run.err").read_text())
    until(lambda: any(one.is_running for one in runs))
    doomed = next(one for one in runs if one.is_running)
    doomed.kill()
    out, _ = run.communicate(timeout=60)
    answer = json.loads(out)
    (other,) = (one for one in runs if one is not doomed)
    slow = next(one["step"] for one in answer["steps"] if one["id"] == "slow")
    assert slow in ran(answer, other)
    connect(asks, *runs)
    settled(asks, *runs)
    for one in runs:
        assert lines(Standing(one.home), {one["step"] for one in answer["steps"]}) == sorted(
            ran(answer, one)
        )


def test_a_requester_that_is_killed_pays_once(daemons: list[Daemon], examples: Path) -> None:
    """After its restart all agreements are closed, and the run that goes on pays for the rest."""
    asks, *runs = daemons
    connect(asks, *runs)
    workflow, words = examples / "slow" / "workflow.yaml", ("-p", "salt=b", "-p", "seconds=1")
    run = begin(asks, workflow, *words)
    until(lambda: "quick[1]: done" in (asks.home / "run.err").read_text())
    asks.kill()
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    connect(asks, *runs)
    settled(asks, *runs)
    answer = told(asks.home, "run", str(workflow), *words, "--on", "peers")
    mine, *_ = settled(asks, *runs)
    steps = {one["step"] for one in answer["steps"]}
    assert lines(mine, steps) == sorted(steps)


def test_work_for_each_other_settles(daemons: list[Daemon], examples: Path) -> None:
    """What was given back in work is owed no more, and raises what each may owe."""
    one, two, three = daemons
    connect(one, two)
    three.stop()
    workflow = str(examples / "slow" / "workflow.yaml")
    for asks, runs, salt in ((one, two, "c"), (two, one, "d"), (one, two, "e")):
        words = ("-p", f"salt={salt}", "-p", "seconds=1")
        answer = told(asks.home, "run", workflow, *words, "--on", "peers")
        assert {step["peer"] for step in answer["steps"]} == {runs.peer}
        settled(one, two)
    here, there = Standing(one.home), Standing(two.home)
    limit = here.balances[there.me].limit_granted
    settled_ = min(here.spent_with(there), there.spent_with(here))
    assert limit == there.balances[here.me].limit_received == 1_000_000 + settled_ // 2


def test_over_its_limit_a_peer_is_told_so(
    daemons: list[Daemon],
    examples: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Exit 3: how much it lacks, and what to do; nothing is owed for it."""
    asks, *others = daemons
    asks.start(*PRICES)
    for one in others:
        one.stop()
    monkeypatch.setenv("TALLY_NEWCOMER_LIMIT", "0.000001")
    careful = Daemon(tmp_path / "careful")
    try:
        connect(asks, careful)
        workflow = str(examples / "slow" / "workflow.yaml")
        refused = tally(asks.home, "run", workflow, "-p", "salt=f", "--on", "peers")
    finally:
        careful.stop()
    assert refused.returncode == 3
    assert "no peer that runs such a step lends this one the 0." in refused.stderr
    assert "run steps for them first, or ask their owners for a higher limit" in refused.stderr
    assert not Standing(careful.home).balances
