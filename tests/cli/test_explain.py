"""`tally explain`: which field of a key changed, where in it, and why."""

import re
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Write, copy_project
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
    assert change["details"] == ["line 1: `echo 1 >/out/o` → `echo 2 >/out/o`"]
    said = tally("explain", after, "s").out.splitlines()
    assert said == [
        f"s ran: its key is not the one in run '{before}'",
        "  param 'n': 1 → 2",
        "  run: line 1: `echo 1 >/out/o` → `echo 2 >/out/o`",
    ]


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


def test_a_change_is_followed_to_its_line(tally: Program, letters: Path, tmp_path: Path) -> None:
    """From the letter through the greetings to the line of the source that was edited."""
    copy = shutil.copytree(letters.parent, tmp_path / "edited")
    (copy / "src" / "greet.sh").write_text('echo "good day, $1"\n')
    run = tally.told("run", copy / "w.yaml")["name"]
    causes = tally.told("explain", run, "letter")["causes"]
    assert [cause["id"] for cause in causes] == ["letter", "greet[0]", "greet[1]"]
    assert causes[0]["follows"] == ["greet[0]", "greet[1]"]
    (change,) = causes[1]["changes"]
    (part,) = change["inside"]["parts"]
    assert part["content"]["lines"]["first"][0]["now"] == 'echo "good day, $1"'
    said = tally("explain", run, "letter").out
    assert "made by: greet[0], greet[1]\ngreet[0]: changed, and nothing before it did\n" in said
    assert "input 'code' (src/greet.sh): line 1: `echo \"hello" in said


def test_store_paths_of_an_environment_are_named(tally: Program, tmp_path: Path) -> None:
    """What came, what went; PATH follows from it."""
    text = """\
workflow: two
environments: {ml: {nix: ./env/default.nix, attribute: env-sh}}
defaults: {environment: ml, resources: {memory: 64MiB}}
steps:
  s: {run: 'echo 1 >{outputs.o}', outputs: {o: o}}
"""
    path = copy_project(tmp_path / "two", text)
    tally.told("run", path)
    path.write_text(text.replace("env-sh", "env-python"))
    tally.told("env", "lock", path)
    run = tally.told("run", path)["name"]
    (closure, variables) = tally.told("explain", run, "s")["changes"]
    assert (closure["field"], variables["field"]) == ("closure", "variables.PATH")
    assert any(re.fullmatch(r"\w{32}-env-python is new", one) for one in closure["details"])
    said = tally("explain", run, "s").out
    assert "  environment 'ml':\n" in said
    assert "  variable 'PATH': it follows from the environment\n" in said


def test_another_run_may_be_named(tally: Program, write: Write) -> None:
    """Then that is the one that is compared with, whichever was before."""
    path = write(STEPS, head="params: {n: 7}", name="against")
    first = tally.told("run", path)["name"]
    tally.told("run", path, "-p", "n=8")
    third = tally.told("run", path, "-p", "n=9")["name"]
    told = tally.told("explain", third, "s", "--against", first)
    assert told["compared_with"] == first
    assert told["causes"][0]["params"][0]["was"] == "7"
    done = tally("explain", third, "s", "--against", "nothing")
    assert (done.code, "no run 'nothing'" in done.err) == (2, True)


def test_why_a_step_failed_is_said(tally: Program, write: Write) -> None:
    """Beside why it ran."""
    path = write("  s: {run: 'exit 3', outputs: {o: o}}\n", name="failing")
    run = tally("run", path, "-o", "json").json["name"]
    told = tally.told("explain", run, "s")
    assert told["why"] == "ran: no earlier run of this workflow has it; it failed: exit code 3"


def test_who_vouches_for_what_was_reused_is_said(tally: Program, letters: Path) -> None:
    """And by which rule that is believed: this machine's own word."""
    run = tally.told("run", letters)["name"]
    told = tally.told("explain", run, "letter")
    assert (told["vouched"], told["finding"]) == ([None], None)
    said = tally("explain", run, "letter").out
    assert "vouched for by this machine; this machine believes what it ran itself" in said
