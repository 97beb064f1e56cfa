"""`tally check-determinism` in real sandboxes: faults are named, and clean steps are not."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.nix.nixstore import NixStore
from tests.cli.program import ROOT, Program
from tests.determinism_cases import (
    CLEAN,
    CLEAN_SHELL,
    PLANTED,
    SHELL,
    program,
    shell,
    workflow,
)
from tests.fakes import nixstore

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

WITHIN = {
    "tolerance": (
        "{path: o.json, verify: {tolerance: 1.0}}",
        "import random; print(random.random())",
    ),
    "none": ("{path: o, verify: none}", "import time; print(time.time())"),
}


TRIES = 3


@pytest.fixture(scope="module")
def tally(tmp_path_factory: pytest.TempPathFactory, nix_store: NixStore) -> Program:
    """Return the program on a home of its own."""
    home = tmp_path_factory.mktemp("determinism") / "home"
    return Program(nixstore.lend(nix_store, home))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the recipe's environments and some inputs."""
    place = tmp_path_factory.mktemp("workflows")
    shutil.copytree(ROOT / "examples" / "env", place / "env")
    (place / "few").mkdir()
    for name in "abcde":
        (place / "few" / name).write_text(name)
    return place


def written(folder: Path, name: str, *steps: str) -> Path:
    """Write a workflow; return its file."""
    path = folder / f"{name}.yaml"
    path.write_text(workflow(name, *steps))
    return path


def causes(step: Any) -> list[str]:
    """Return the causes that were found of a step."""
    return [cause["cause"] for cause in step["causes"]]


@pytest.fixture(scope="module")
def planted(tally: Program, folder: Path) -> dict[str, Any]:
    """Return what is said of each step of the workflow with planted faults."""
    steps = [program(name, text, more) for name, (_, text, more) in PLANTED.items()]
    steps += [shell(f"sh-{name}", text) for name, (_, text) in SHELL.items()]
    done = tally("check-determinism", written(folder, "planted", *steps), "-o", "json")
    assert done.code == 4, done.err
    assert done.json["verdict"] == "nondeterministic"
    return {step["id"]: step for step in done.json["steps"]}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_named(planted: dict[str, Any], name: str) -> None:
    """Its cause is found, and no other; what is deterministic with these inputs is said to be."""
    step = planted[name]
    assert causes(step) == PLANTED[name][0]
    assert step["verdict"] == ("nondeterministic" if PLANTED[name][0] else "deterministic")


@pytest.mark.parametrize("name", SHELL)
def test_a_fault_of_static_programs_is_named(
    planted: dict[str, Any], tally: Program, folder: Path, name: str
) -> None:
    """Clocks, random bytes and schedules of programs that load no library are held, too.

    The times of files are not: on a busy machine a second may be over before a run has made them.
    """
    found, (cause, text) = planted[f"sh-{name}"], SHELL[name]
    for _ in range(TRIES if name == "archive" else 0):
        if causes(found) != ["unknown"]:
            break
        alone = written(folder, "again", shell("again", text))
        (found,) = tally("check-determinism", alone, "-o", "json").json["steps"]
    assert causes(found) == cause


def test_a_cause_has_its_evidence_and_how_to_mend_it(planted: dict[str, Any]) -> None:
    """With everything held all runs are the same, and with time alone let go one is not."""
    cause = planted["seed"]["causes"][0]
    held, freed = cause["evidence"]
    assert held["same"] == held["runs"] >= 3
    assert freed["same"] < freed["runs"]
    assert (held["conditions"]["time"], freed["conditions"]["time"]) == ("held", "varied")
    assert "SOURCE_DATE_EPOCH" in cause["mend"]
    assert planted["seed"]["other_causes"] is False


def test_what_differs_looks_like_something(planted: dict[str, Any]) -> None:
    """A hint stands beside where an output differs."""
    assert planted["sh-date"]["outputs"]["o"]["hint"] == "it looks like a time"
    assert planted["address"]["outputs"]["o"]["hint"] == "it looks like an address"
    assert planted["set"]["outputs"]["o"]["hint"] == "the same parts in another order"


def test_a_backdoor_is_not_seen_here(planted: dict[str, Any]) -> None:
    """A step that lies for other inputs is deterministic, and it is said what that is worth."""
    assert "deterministic here: with these inputs" in planted["backdoor"]["notes"][-1]


@pytest.mark.parametrize("name", [*CLEAN, *CLEAN_SHELL])
def test_a_clean_workflow_raises_no_alarm(tally: Program, folder: Path, name: str) -> None:
    """Whatever it does, its outputs are the same whatever a machine is like."""
    if name in CLEAN:
        step = program("clean", CLEAN[name], "inputs: {few: inputs.few}")
    else:
        step = shell("clean", CLEAN_SHELL[name])
    done = tally("check-determinism", written(folder, f"clean-{name}", step), "-o", "json")
    assert done.code == 0, done.out
    assert done.json["verdict"] == "deterministic"


@pytest.mark.parametrize("name", ["hello", "python", "numpy"])
def test_a_template_raises_no_alarm(tally: Program, tmp_path: Path, name: str) -> None:
    """What `tally init` writes is deterministic."""
    assert tally("init", tmp_path / "project", "--template", name).code == 0
    done = tally("check-determinism", tmp_path / "project" / "workflow.yaml", "-o", "json")
    assert done.code == 0, done.out


def test_the_digits_raise_no_alarm(tally: Program, examples: Path) -> None:
    """The example, with numpy in three seeds, is deterministic."""
    file = examples / "digits" / "workflow.yaml"
    done = tally("check-determinism", file, "-p", "epochs=3", "-o", "json")
    assert done.code == 0, done.out


@pytest.mark.parametrize("rule", WITHIN)
def test_what_an_output_tolerates_is_no_fault(tally: Program, folder: Path, rule: str) -> None:
    """Outputs are compared as they declare: within a tolerance they are equivalent."""
    output, text = WITHIN[rule]
    file = written(folder, f"within-{rule}", program("s", text, output=output))
    done = tally("check-determinism", file, "-o", "json")
    assert done.code == 0, done.err
    assert done.json["steps"][0]["verdict"] == "equivalent"
    assert done.json["verdict"] == "equivalent"
    said = done.json["steps"][0]["notes"][-1]
    assert said.startswith("the same here within its 'verify', not byte for byte")
    assert not any("deterministic" in note for note in done.json["steps"][0]["notes"])


def test_a_run_is_checked_and_nothing_is_remembered(tally: Program, folder: Path) -> None:
    """A recorded step is run on its recorded inputs; no run is entered, and no result known."""
    file = written(
        folder, "kept", shell("a", "date >{outputs.o}"), shell("b", "echo 1 >{outputs.o}")
    )
    run = tally.told("run", file)["name"]
    runs = tally.told("runs")
    done = tally("check-determinism", run, "b", "-o", "json")
    assert (done.code, [step["id"] for step in done.json["steps"]]) == (0, ["b"])
    assert tally("check-determinism", file, "a").code == 4
    assert tally.told("runs") == runs


def test_people_are_told_the_cause_and_what_to_do(tally: Program, folder: Path) -> None:
    """The text has a line for the cause, for what shows it, and for what mends it."""
    file = written(folder, "told", shell("a", "date >{outputs.o}"))
    done = tally("check-determinism", file)
    assert done.code == 4
    assert "a: time: it reads the clock" in done.out
    assert "runs the same with everything held\n" in done.out
    assert "  mend: take the date from SOURCE_DATE_EPOCH, or from a param\n" in done.out
    assert "error: step 'a' does not always give the same: time\n" in done.err


def test_a_step_that_fails_is_not_judged(tally: Program, folder: Path) -> None:
    """Nothing can be said of what a step gives that gives nothing: exit 1."""
    done = tally("check-determinism", written(folder, "fails", shell("a", "exit 3")))
    assert done.code == 1


def test_a_step_that_fails_this_time_is_not_judged(tally: Program, folder: Path) -> None:
    """One that succeeded when it was recorded, and does not now, is exit 1, with the reason."""
    text = "test ! -e /.shim.so || exit 3; echo 1 >{outputs.o}"
    done = tally("check-determinism", written(folder, "shy", shell("a", text)))
    assert (done.code, "exit code 3" in done.err) == (1, True)
    assert "so that nothing can be said of what it gives" in done.err


def test_only_what_a_step_needs_is_run(tally: Program, folder: Path) -> None:
    """With STEP, others do not run: one that fails does not matter."""
    file = written(folder, "some", shell("bad", "exit 3"), shell("good", "echo 1 >{outputs.o}"))
    assert tally("check-determinism", file, "good").code == 0
    done = tally("check-determinism", file, "god")
    assert (done.code, "did you mean 'good'" in done.err) == (2, True)
