"""A run that would do nothing again is not looked through; what would do something, always is."""

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program, statuses
from tests.cli.test_startup import imported

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

MANY = """\
  many: {scatter: {n: params.n}, run: 'echo {scatter.n} >{outputs.o}', outputs: {o: o}}
  one: {inputs: {all: "many[*].o"}, run: 'cat {inputs.all} >{outputs.o}', outputs: {o: o}}
"""
HEAD = 'params: {n: [0, 1, 2]}\noutputs: {all: "many[*].o", one: one.o}'


@pytest.fixture
def many(own: Program, write: Write) -> Path:
    """Return a workflow of which every step was done, and then reused."""
    workflow = write(MANY, head=HEAD)
    own.told("run", workflow)
    own.told("run", workflow)
    return workflow


def damage(program: Program, query: str) -> None:
    """Spoil a block that the journal names."""
    with contextlib.closing(sqlite3.connect(program.home / "state.db")) as journal:
        ((cid,),) = journal.execute(query)
    store = program.home / "store"
    with contextlib.closing(sqlite3.connect(store / "index.db")) as index:
        query = "SELECT name, offset FROM blocks JOIN places ON number = place WHERE cid = ?"
        ((name, offset),) = index.execute(query, (cid,))
    with (store / "packs" / name.decode()).open("r+b") as pack:
        pack.seek(offset)
        pack.write(b"\0")


def looked_through(program: Program, *words: object) -> bool:
    """Run a command; return whether it asked for its steps one by one."""
    return "engine.scheduler" in imported(program, *words)


def test_it_is_like_the_run_before(own: Program, many: Path) -> None:
    """Steps, outputs and record are the same; it has a name of its own."""
    before, again = own.told("show", own.told("runs")["runs"][0]["name"]), own.told("run", many)
    assert again.pop("name") != before.pop("name")
    assert again == before
    assert set(statuses(again).values()) == {"reused"}
    assert own.told("show", own.told("runs")["runs"][0]["name"])["steps"] == before["steps"]


def test_it_is_not_looked_through(own: Program, many: Path) -> None:
    """Neither printed for people nor for scripts, under whatever flags change nothing."""
    assert not looked_through(own, "run", many)
    assert not looked_through(own, "run", many, "-o", "json", "--offline", "-k", "-j", "1")


def test_it_says_what_every_run_says(own: Program, many: Path) -> None:
    """People see no difference to the run before."""
    before, again = own("run", many, "-j", "1"), own("run", many)
    name = json.loads(own("runs", "-o", "json").out)["runs"]
    assert again.out.replace(name[0]["name"], name[1]["name"]).split() == before.out.split()
    assert [line for line in again.err.splitlines() if "reused" in line] == [
        "many: 3 of 3 reused",
        "one: reused",
    ]


def test_other_params_are_looked_through(own: Program, many: Path) -> None:
    """They are other work."""
    assert looked_through(own, "run", many, "-p", "n=[0, 1]")


def test_a_forced_step_is_looked_through(own: Program, many: Path) -> None:
    """It runs."""
    assert statuses(own.told("run", many, "--force", "one"))["one"] == "ran"


def test_a_collection_has_it_looked_through(own: Program, write: Write) -> None:
    """What went is made again."""
    workflow = write(MANY, head="params: {n: [0, 1, 2]}")
    for _ in range(3):
        own.told("run", workflow)
    assert own.told("gc")["went"]
    assert statuses(own.told("run", workflow))["many[0]"] == "ran"


def test_a_damaged_result_has_it_looked_through(own: Program, many: Path) -> None:
    """It is put away, and its step is done again: a run is not refused for what it can make."""
    damage(own, "SELECT result FROM run_steps WHERE step = 'one' LIMIT 1")
    assert statuses(own.told("run", many)) == {
        **{f"many[{n}]": "reused" for n in range(3)},
        "one": "ran",
    }


def test_many_instances_are_one_line(own: Program, write: Write) -> None:
    """And so are their outputs; JSON has each, as ever."""
    items = list(range(21))
    workflow = write(MANY, head=HEAD.replace("[0, 1, 2]", str(items)))
    for status in ("ran", "reused", "reused"):
        done = own("run", workflow)
        words = [line.split() for line in done.out.splitlines()]
        assert words[1][:3] == ["many[*]", "21", status]
        assert ["output", "all", "21", "of", "them"] in words
        assert "-o json' has each instance" in done.err
    assert len(own.told("run", workflow)["outputs"]["all"]) == 21
