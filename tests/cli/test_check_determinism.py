"""`tally check-determinism` on steps that programs compare, that fail, or that need those."""

import json
import time

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

RANDOM = 'od -An -N4 -tu4 /dev/urandom | tr -d " "'


def compared(name: str, said: str) -> str:
    """Return a step whose random output is compared by a command."""
    command = json.dumps(said)
    return (
        f"  {name}:\n    run: {RANDOM} >{{outputs.o}}\n    outputs:\n      o:\n"
        f"        path: o.txt\n        verify: {{compare: {{run: {command}}}}}\n"
    )


def says(opinion: dict[str, object]) -> str:
    """Return a command that writes an opinion, whatever it is given."""
    text = json.dumps(opinion).replace("{", "{{").replace("}", "}}")
    return f"echo '{text}' >{{outputs.verdict}}"


def words(told: dict[str, object]) -> dict[str, str]:
    """Return the verdict on each step."""
    return {step["id"]: step["verdict"] for step in told["steps"]}  # type: ignore[attr-defined]


def test_a_program_says_what_is_equivalent(tally: Program, write: Write) -> None:
    """An output that has a comparator is compared by it: what it allows is no fault."""
    path = write(compared("a", says({"equivalent": True, "deviation": 0.5})), name="allowed")
    done = tally("check-determinism", path, "-o", "json")
    assert (done.code, words(done.json)) == (0, {"a": "equivalent"}), done.err


def test_a_program_says_what_is_not(tally: Program, write: Write) -> None:
    """What it does not allow is looked into, and its words say where."""
    said = says({"equivalent": False, "difference": "row 3"})
    done = tally("check-determinism", write(compared("a", said), name="refused"), "-o", "json")
    assert (done.code, words(done.json)) == (4, {"a": "nondeterministic"})
    assert done.json["steps"][0]["outputs"]["o"]["difference"] == "row 3"
    assert [one["cause"] for one in done.json["steps"][0]["causes"]] == ["random bytes"]


DAY_S = 24 * 60 * 60


def shell(name: str, text: str, more: str = "") -> str:
    """Return a step that a shell runs."""
    return f"  {name}:\n    run: {json.dumps(text)}\n    outputs: {{o: o}}\n{more}"


def test_a_step_that_fails_does_not_end_the_check(tally: Program, write: Write) -> None:
    """Others are checked; what comes after it has nothing to be compared: exit 1."""
    after = "    inputs: {x: bad.o}\n"
    steps = (
        shell("bad", "exit 3"),
        shell("after", "cp {inputs.x} {outputs.o}", after),
        shell("later", "cp {inputs.x} {outputs.o}", "    inputs: {x: after.o}\n"),
        shell("good", "sleep 0.5; echo 1 >{outputs.o}"),
        shell("next", "cp {inputs.x} {outputs.o}", "    inputs: {x: good.o}\n"),
    )
    path = write("".join(steps), name="goes-on")
    done = tally("check-determinism", path, "-o", "json")
    assert done.code == 1, done.err
    assert done.json["verdict"] == "fails"
    assert words(done.json) == {
        "bad": "fails",
        "after": "not compared",
        "later": "not compared",
        "good": "deterministic",
        "next": "deterministic",
    }
    whys = {step["id"]: step["why"] for step in done.json["steps"]}
    assert whys["bad"] == "exit code 3"
    assert whys["later"] == "it comes after 'bad', which fails"
    assert "error: step 'bad' fails, so that nothing" in done.err
    alone = tally("check-determinism", path, "later", "-o", "json")
    assert (alone.code, words(alone.json)) == (1, {"later": "not compared"})


def test_a_step_that_fails_in_one_of_two_runs_is_a_finding(tally: Program, write: Write) -> None:
    """It gives no result under some conditions: exit 4, with the cause."""
    soon = int(time.time()) + 200 * DAY_S  # time is varied by some 400 days
    text = f"test $(date +%s) -gt {soon} && exit 3; echo 1 >{{outputs.o}}"
    path = write(shell("a", text), name="sometimes")
    done = tally("check-determinism", path, "-o", "json")
    assert (done.code, words(done.json)) == (4, {"a": "fails sometimes"}), done.err
    (step,) = done.json["steps"]
    assert step["why"] == "exit code 3"
    assert [cause["cause"] for cause in step["causes"]] == ["time"]
    assert "it failed in 1 of 2 runs, and not when it was recorded" in step["notes"]
    assert "fails in some runs and not in others" in done.err


def test_a_step_that_failed_only_before_is_a_finding(tally: Program, write: Write) -> None:
    """One that fails when the workflow runs, and in none of the runs under comparison."""
    path = write(shell("a", "test -e /.shim.so || exit 3; echo 1 >{outputs.o}"), name="before")
    done = tally("check-determinism", path, "-o", "json")
    assert (done.code, words(done.json)) == (4, {"a": "fails sometimes"}), done.err
    assert done.json["steps"][0]["notes"][-1] == (
        "it failed when it was recorded: exit code 3; now in 0 of 2 runs"
    )


def test_a_comparator_that_fails_says_nothing_of_the_step(tally: Program, write: Write) -> None:
    """What it was to compare is not called nondeterministic: exit 1, and why."""
    path = write(compared("a", "exit 5"), name="broken")
    done = tally("check-determinism", path, "-o", "json")
    assert (done.code, words(done.json)) == (1, {"a": "comparator failed"}), done.err
    (step,) = done.json["steps"]
    assert (step["why"], step["runs"], step["causes"]) == ("exit code 5", 2, [])
    assert "error: what compares the outputs of step 'a' has no verdict" in done.err


def test_a_run_takes_no_params(tally: Program, first: str) -> None:
    """Its steps run with those that are recorded: exit 2, rather than to ignore what is asked."""
    done = tally("check-determinism", first, "-p", "names=[Ada]")
    assert (done.code, done.out) == (2, "")
    assert "error: a RUN has its params already" in done.err
