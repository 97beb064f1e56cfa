"""`tally plan`: what would run, and why."""

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

TWO = """\
  a: {run: 'echo {params.n} >{outputs.o}', outputs: {o: o}}
  b: {inputs: {i: a.o}, run: 'cat {inputs.i} >{outputs.o}', outputs: {o: o}}
"""


def actions(plan: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    """Return what would become of each step."""
    return {step["id"]: step["action"] for step in plan["steps"]}


def test_what_was_done_would_be_reused(tally: Program, letters: Path) -> None:
    """A plan of a workflow that has run is all reuse, and says why."""
    plan = tally.told("plan", letters)
    assert actions(plan) == {"greet[0]": "reuse", "greet[1]": "reuse", "letter": "reuse"}
    assert {step["why"] for step in plan["steps"]} == {"done before, on the same inputs"}


def test_what_reads_a_step_that_would_run_waits(
    tally: Program, letters: Path, tmp_path: Path
) -> None:
    """An edited source names the field that changed; the letter depends on what that gives."""
    copy = shutil.copytree(letters.parent, tmp_path / "edited")
    (copy / "src" / "greet.sh").write_text("echo other $1\n")
    plan = tally.told("plan", copy / "w.yaml")
    whys = {step["id"]: step["why"] for step in plan["steps"]}
    assert actions(plan) == {"greet[0]": "run", "greet[1]": "run", "letter": "wait"}
    assert whys["greet[0]"] == "changed: inputs.code"
    assert "'greet'" in whys["letter"]


def test_a_plan_has_a_reason_for_each_step(tally: Program, write: Write) -> None:
    """New, forced, failed before, another param, skipped: each is said."""
    path = write(
        TWO + "  c: {when: params.c, run: x, outputs: {o: o}}\n",
        head="params: {n: why, c: false}",
        name="why",
    )
    told = {step["id"]: step["why"] for step in tally.told("plan", path)["steps"]}
    assert told["a"] == "not done before"
    assert told["c"].startswith("'when' is false")
    tally.told("run", path)
    forced = {s["id"]: s["why"] for s in tally.told("plan", path, "--force", "a")["steps"]}
    assert forced["a"] == "forced"
    other = {s["id"]: s["why"] for s in tally.told("plan", path, "-p", "n=because")["steps"]}
    assert other["a"] == "changed: script"


def test_a_plan_changes_nothing(tally: Program, write: Write) -> None:
    """No run is entered and no lock is written."""
    path = write(TWO, head="params: {n: 3}", name="nothing")
    before = tally.told("runs")
    done = tally("plan", path)
    assert done.out.splitlines()[0].split() == ["STEP", "ACTION", "TIME", "WHY"]
    assert "to run: 1; to decide after those: 1" in done.err
    assert tally.told("runs") == before
    assert not path.with_suffix(".lock").exists()


def test_a_plan_of_what_has_to_be_expanded_waits(tally: Program, write: Write) -> None:
    """A scatter over entries that are not made yet is one line that waits."""
    steps = (
        "  s: {run: 'mkdir {outputs.o}; echo 1 >{outputs.o}/a; echo 2 >{outputs.o}/b',"
        " outputs: {o: o}}\n"
        "  t: {scatter: {x: s.o/*}, run: 'cat {scatter.x} >{outputs.o}', outputs: {o: o}}\n"
    )
    path = write(steps, name="entries")
    assert actions(tally.told("plan", path)) == {"s": "run", "t": "wait"}
    tally.told("run", path)
    assert actions(tally.told("plan", path)) == {"s": "reuse", "t[0]": "reuse", "t[1]": "reuse"}


def test_what_changed_is_shown_where_it_is(tally: Program, letters: Path, tmp_path: Path) -> None:
    """The line of the file, read once for all instances; what follows from it is left out."""
    copy = shutil.copytree(letters.parent, tmp_path / "edited")
    (copy / "src" / "greet.sh").write_text("echo other $1\n")
    plan = tally.told("plan", copy / "w.yaml")
    (change,) = plan["steps"][1]["changes"]
    assert change["source"] == "src/greet.sh"
    assert change["inside"]["parts"][0]["content"]["lines"]["count"] == 1
    said = tally("plan", copy / "w.yaml").out.splitlines()[1]
    assert "changed: inputs.code (src/greet.sh): line 1: `echo" in said
    assert said.endswith("…")


def test_times_are_learned_from_earlier_runs(tally: Program, write: Write) -> None:
    """What never ran here is unknown, and so is then the whole."""
    path = write(TWO, head="params: {n: learn}", name="learn")
    told = tally.told("plan", path)
    assert [(one["usual_ms"], one["samples"]) for one in told["steps"]] == [(None, 0), (None, 0)]
    assert told["expected"]["unknown"] == ["a", "b"]
    assert told["expected"]["at_most_ms"] is None
    done = tally("plan", path)
    assert done.out.splitlines()[1].split()[:3] == ["a", "run", "unknown"]
    assert "expected time: unknown: nothing is known of a, b\n" in done.err
    tally.told("run", path)
    tally.told("run", path, "-p", "n=again")
    told = tally.told("plan", path, "-p", "n=third")
    assert [one["samples"] for one in told["steps"]] == [2, 2]
    assert all(one["usual_ms"] is not None for one in told["steps"])
    assert told["expected"]["unknown"] == []
    usual = [one["usual_ms"] for one in told["steps"]]
    assert (told["expected"]["at_least_ms"], told["expected"]["at_most_ms"]) == (
        usual[0],
        sum(usual),
    )
    assert "expected time: " in tally("plan", path, "-p", "n=third").err
    assert "expected" not in tally("plan", path).err


def test_a_step_that_is_too_big_is_said(tally: Program, write: Write) -> None:
    """The run would be refused; the plan says so, and plans."""
    path = write("  s: {run: x, outputs: {o: o}, resources: {cpus: 1024}}\n", name="big")
    done = tally("plan", path)
    assert done.code == 0
    assert "step 's' asks for cpus: 1024" in done.err
    assert "expected time: unknown\n" in done.err


def test_a_plan_on_peers_says_what_would_leave(
    tally: Program, write: Write, tmp_path: Path
) -> None:
    """To whom, as its inputs are shared; what derives from a private one stays here."""
    for name in ("open", "secret", "ours"):
        (tmp_path / name).write_text("content of " + name)
    path = write(
        """\
  a: {inputs: {i: inputs.open}, run: 'cat {inputs.i} >{outputs.o}', outputs: {o: o}}
  b: {inputs: {i: inputs.ours}, run: 'cat {inputs.i} >{outputs.o}', outputs: {o: o}}
  c: {inputs: {i: inputs.secret}, run: 'cat {inputs.i} >{outputs.o}', outputs: {o: o}}
  d: {inputs: {i: c.o, j: a.o}, run: 'cat {inputs.i} >{outputs.o}', outputs: {o: o}}
""",
        head="inputs: {open: ./open, ours: {path: ./ours, share: owners},"
        " secret: {path: ./secret, share: never}}",
        name="leaves",
    )
    plan = tally.told("plan", path, "--on", "peers")
    where = {step["id"]: step["where"] for step in plan["steps"]}
    assert where == {"a": "peers", "b": "named peers", "c": "here", "d": "here"}
    leaves = {one["what"]: (one["bytes"], one["to"]) for one in plan["leaves"]}
    assert leaves.pop("environments.sh")[1] == "any"
    assert leaves == {"inputs.open": (15, "any"), "inputs.ours": (15, "owners")}
    assert plan["peers"] is None
    told = tally("plan", path, "--on", "peers")
    assert "inputs.ours" in told.out
    assert "no peer runs in this home" in told.err


def test_authors_are_not_paid_where_nothing_runs_on_peers(
    tally: Program, letters: Path, tmp_path: Path
) -> None:
    """And whoever names a manifest nevertheless is told so; with peers, what it comes to."""
    roy = str(tmp_path / "roy")
    tally.told("royalty", "make", roy, "--share", "5")
    assert "--royalty pays nobody here" in tally("plan", letters, "--royalty", roy).err
    told = tally("run", letters, "-p", "names=[new]", "--royalty", roy).err
    assert "--royalty pays nobody here" in told
    assert "5 %" not in told
    me = tally.told("peer", "id")["peer"]
    told = tally("plan", letters, "--on", "peers", "--royalty", roy).err
    assert f"royalty: 5 % of what is paid to peers, to {me} (100 %)" in told
    plan = tally.told("plan", letters, "--on", "peers", "--royalty", roy)
    assert plan["royalties"][0]["shares"] == [{"peer": me, "basis_points": 10_000}]
