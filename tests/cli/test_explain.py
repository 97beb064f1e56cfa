"""`tally explain` and `tally diff`: which field of a key changed, and what that came to."""

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

STEPS = "  s: {run: 'echo {params.n} >{outputs.o}', outputs: {o: o}}\n"


def test_a_reused_step_is_said_to_be(tally: Program, letters: Path) -> None:
    """Nothing changed, and that is why."""
    run = tally.told("run", letters)["name"]
    told = tally.told("explain", run, "letter")
    assert (told["status"], told["changes"]) == ("reused", [])
    assert told["why"].startswith("was reused")


def test_the_field_that_changed_is_named(tally: Program, write: Write) -> None:
    """Another param is another command: both are shown, and with which run it was compared."""
    path = write(STEPS, head="params: {n: 1}", name="field")
    before = tally.told("run", path)["name"]
    after = tally.told("run", path, "-p", "n=2")["name"]
    told = tally.told("explain", after, "s")
    assert told["compared_with"] == before
    (change,) = told["changes"]
    assert (change["field"], "echo 1" in change["was"], "echo 2" in change["now"]) == (
        "script",
        True,
        True,
    )
    assert "script" in tally("explain", after, "s").out


def test_a_first_run_has_nothing_to_compare_with(tally: Program, write: Write) -> None:
    """It ran because no earlier run has it."""
    run = tally.told("run", write(STEPS, head="params: {n: 5}", name="first"))["name"]
    told = tally.told("explain", run, "s")
    assert (told["compared_with"], told["why"]) == (
        None,
        "ran: no earlier run of this workflow has it",
    )


def test_a_step_that_ran_again_on_the_same_key_says_why(tally: Program, write: Write) -> None:
    """A forced step has the same key; there is no change to show."""
    path = write(STEPS, head="params: {n: 6}", name="same")
    tally.told("run", path)
    run = tally.told("run", path, "--force", "s")["name"]
    told = tally.told("explain", run, "s")
    assert told["changes"] == []
    assert "--force" in told["why"]


def test_different_results_of_one_step_are_shown(tally: Program, write: Write) -> None:
    """What one key gave is kept side by side, and said."""
    path = write(
        STEPS.replace("echo {params.n}", "cat /proc/sys/kernel/random/uuid"), name="random"
    )
    tally.told("run", path)
    run = tally.told("run", path, "--force", "s")["name"]
    assert len(tally.told("explain", run, "s")["conflict"]) == 2
    assert "different results" in tally("explain", run, "s").out


@pytest.mark.parametrize(
    ("step", "said"),
    [("greet", "say which: greet[0], greet[1]"), ("greet[5]", "2 instances"), ("x", "it has:")],
)
def test_a_step_must_be_one(tally: Program, first: str, step: str, said: str) -> None:
    """One of several is to be said; what is not there is refused with what is."""
    done = tally("explain", first, step)
    assert done.code == 2
    assert said in done.err


def test_runs_that_are_alike_do_not_differ(tally: Program, letters: Path, first: str) -> None:
    """Whether steps ran or were reused is no difference."""
    again = tally.told("run", letters)["name"]
    assert tally.told("diff", first, again) == {"given": [], "steps": []}
    assert tally("diff", first, again).out == "the same steps gave the same outputs\n"


def test_a_difference_is_followed_through_the_steps(
    tally: Program, letters: Path, first: str, tmp_path: Path
) -> None:
    """Given another param: the new instance, and what reads it."""
    more = tally.told("run", letters, "-p", "names=[Ada, Alan, Grace]")["name"]
    told = tally.told("diff", first, more)
    assert [change["field"] for change in told["given"]] == ["params.names"]
    assert {step["id"]: step["what"] for step in told["steps"]} == {
        "greet[2]": "only in the second run",
        "letter": "another step, other outputs",
    }
    assert "letter: another step, other outputs" in tally("diff", first, more).out


def test_another_source_with_the_same_outputs_is_told_apart(
    tally: Program, letters: Path, first: str, tmp_path: Path
) -> None:
    """An edited comment makes another step that gives the same."""
    copy = shutil.copytree(letters.parent, tmp_path / "edited")
    (copy / "src" / "letter.sh").write_text('# dear all\ncat "$@"\n')
    run = tally.told("run", copy / "w.yaml")["name"]
    (step,) = tally.told("diff", first, run)["steps"]
    assert (step["id"], step["what"]) == ("letter", "another step, same outputs")
    assert [change["field"] for change in step["changes"]] == ["inputs.code"]
