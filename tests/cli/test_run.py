"""`tally run`: what it says, what it reuses, how it ends."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program, statuses

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

ONE = "  one: {run: 'echo 1 >{outputs.o}', outputs: {o: o}}\n"
LETTER_STEPS = ["greet[0]", "greet[1]", "letter"]


def test_it_says_what_scripts_rely_on(tally: Program, letters: Path) -> None:
    """A run as JSON has the fields of the command line's description, each of its type."""
    run = tally.told("run", letters, "-p", "names=[Mary]")
    assert run["status"] == "succeeded"
    assert run["run"].startswith("bafyr4i")
    assert re.fullmatch(r"[a-z]+-[a-z]+(-\d+)?", run["name"])
    greet, letter = run["steps"]
    assert set(greet) >= {"id", "step", "status", "peer", "seconds", "outputs"}
    assert (greet["id"], greet["status"], greet["peer"]) == ("greet[0]", "ran", None)
    assert isinstance(greet["seconds"], float)
    assert run["outputs"] == {"letter": letter["outputs"]["text"]}


def test_the_table_has_the_outputs_and_the_run(tally: Program, letters: Path) -> None:
    """People get the outputs of every step, and the Run's CID at the end."""
    done = tally("run", letters)
    assert done.out.splitlines()[0].split() == ["STEP", "STATUS", "TIME", "OUTPUT", "CID"]
    assert re.fullmatch(r"run  [a-z0-9-]+  succeeded  bafyr4i\w+", done.out.splitlines()[-1])


def test_messages_are_not_results(tally: Program, letters: Path) -> None:
    """What goes to stdout is one JSON value; progress goes to stderr."""
    done = tally("run", letters, "-o", "json")
    assert len(done.out.splitlines()) == 1
    assert "letter: reused" in done.err


def test_a_second_run_reuses_every_step(tally: Program, letters: Path) -> None:
    """The same work has the same keys and outputs; it takes no time on any machine."""
    again = tally.told("run", letters)
    assert statuses(again) == dict.fromkeys(LETTER_STEPS, "reused")
    assert {(step["peer"], step["seconds"]) for step in again["steps"]} == {(None, 0.0)}


def test_an_edited_comment_runs_that_step_only(
    tally: Program, letters: Path, tmp_path: Path
) -> None:
    """Its outputs are the same, so what reads them does not run."""
    copy = shutil.copytree(letters.parent, tmp_path / "edited")
    source = copy / "src" / "greet.sh"
    source.write_text("# edited\n" + source.read_text())
    run = tally.told("run", copy / "w.yaml")
    assert statuses(run) == {"greet[0]": "ran", "greet[1]": "ran", "letter": "reused"}


def test_a_gathered_output_is_a_list(tally: Program, write: Write) -> None:
    """`STEP[*].OUTPUT` of the workflow is the CIDs, in scatter order."""
    steps = "  s: {scatter: {x: [a, b]}, run: 'echo {scatter.x} >{outputs.o}', outputs: {o: o}}\n"
    run = tally.told("run", write(steps, head='outputs: {all: "s[*].o"}'))
    assert run["outputs"] == {"all": [step["outputs"]["o"] for step in run["steps"]]}


def test_what_is_skipped_has_no_outputs(tally: Program, write: Write) -> None:
    """A step whose `when` is false is skipped, and so is what reads it; the run succeeds."""
    steps = (
        "  a: {when: params.go, run: 'echo 1 >{outputs.o}', outputs: {o: o}}\n"
        "  b: {inputs: {i: a.o}, run: 'cat {inputs.i} >{outputs.o}', outputs: {o: o}}\n"
    )
    run = tally.told("run", write(steps, head="params: {go: false}"))
    assert statuses(run) == {"a": "skipped", "b": "skipped"}
    assert run["outputs"] == {"b.o": None}


def test_a_failed_step_is_exit_1_and_shows_its_last_lines(tally: Program, write: Write) -> None:
    """The Run is recorded and printed all the same, with what does not hold."""
    steps = "  bad: {run: 'echo halt >&2; exit 7', outputs: {o: o}}\n" + ONE
    done = tally("run", write(steps), "-o", "json")
    assert done.code == 1
    assert done.json["status"] == "failed"
    assert done.json["run"]
    assert statuses(done.json)["bad"] == "failed"
    assert "bad: failed: exit code 7" in done.err
    assert "  | halt" in done.err
    assert f"'tally log {done.json['name']} bad' has all that it printed" in done.err


def test_a_failure_is_not_reused(tally: Program, write: Write) -> None:
    """The next run tries again."""
    path = write("  bad: {run: exit 1, outputs: {o: o}}\n")
    assert [statuses(tally("run", path, "-o", "json").json)["bad"] for _ in "12"] == ["failed"] * 2


FIRST_BAD = """\
  bad: {run: exit 1, outputs: {o: o}}
  after: {inputs: {i: bad.o}, run: 'cat {inputs.i} >{outputs.o}', outputs: {o: o}}
  later: {needs: [slow], run: 'echo later >{outputs.o}', outputs: {o: o}}
  slow: {run: 'sleep 0.3; echo slow >{outputs.o}', outputs: {o: o}}
"""


@pytest.mark.parametrize(("option", "later"), [((), "skipped"), (("--keep-going",), "ran")])
def test_keep_going_runs_what_a_failure_does_not_prevent(
    tally: Program, write: Write, option: tuple[str, ...], later: str
) -> None:
    """Without it nothing new begins; what reads a failed step is skipped either way."""
    done = tally("run", write(FIRST_BAD, name=f"kg{len(option)}"), *option, "--force", "slow")
    shown = tally.told("show", re.findall(r"^run +(\S+)", done.out, re.MULTILINE)[0])
    assert done.code == 1
    assert statuses(shown) | {"slow": ""} == {
        "bad": "failed",
        "after": "skipped",
        "later": later,
        "slow": "",
    }


def test_force_runs_a_step_whatever_is_known(tally: Program, letters: Path) -> None:
    """Every instance of it, and nothing else when it gives the same."""
    run = tally.told("run", letters, "--force", "greet")
    assert statuses(run) == {"greet[0]": "ran", "greet[1]": "ran", "letter": "reused"}


@pytest.mark.parametrize("command", ["run", "plan"])
def test_forcing_what_is_no_step_is_refused(tally: Program, letters: Path, command: str) -> None:
    """A mistyped step asks for the nearest."""
    done = tally(command, letters, "--force", "gret")
    assert done.code == 2
    assert "did you mean 'greet'?" in done.err


def test_a_dry_run_runs_nothing(tally: Program, write: Write) -> None:
    """It says what would run, writes no lock, and enters no run."""
    path = write("  one: {run: 'echo dry >{outputs.o}', outputs: {o: o}}\n")
    before = tally.told("runs")
    plan = tally.told("run", path, "--dry-run")
    (step,) = plan["steps"]
    assert (step["id"], step["action"], step["why"]) == ("one", "run", "not done before")
    assert tally.told("runs") == before
    assert not path.with_suffix(".lock").exists()


def test_a_param_is_read_as_yaml(tally: Program, write: Write) -> None:
    """`-p n=0.10` is the number 0.1, quoted it is a text."""
    head = "params: {n: null}"
    path = write("  s: {run: 'echo {params.n} >{outputs.o}', outputs: {o: o}}\n", head=head)
    for given, text in (("n=0.10", "0.1"), ("n='0.10'", "0.10"), ("n=a=b", "a=b")):
        run = tally.told("run", path, "-p", given)
        assert tally("cat", run["outputs"]["s.o"]).out == f"{text}\n"


def test_a_run_can_be_done_again_by_its_cid(tally: Program, first: str, tmp_path: Path) -> None:
    """A Run's CID names the workflow, lock, inputs and params that it had."""
    again = tally.told("run", tally.told("show", first)["run"])
    assert statuses(again) == dict.fromkeys(LETTER_STEPS, "reused")


def test_a_workflow_in_python_is_the_same_workflow(
    tally: Program, write: Write, environment: str, tmp_path: Path
) -> None:
    """Whichever way it is written, its steps have the same keys."""
    text = (
        "from engine.workflow.builder import Workflow\n"
        "w = Workflow('w')\n"
        f"sh = w.environment('sh', cid='{environment}')\n"
        "w.step('one', environment=sh, resources={'memory': '64MiB'},\n"
        "       run='echo 1 >{outputs.o}', outputs={'o': 'o'})\n"
    )
    (tmp_path / "built.py").write_text(text)
    written = tally.told("run", write(ONE))
    built = tally.told("run", tmp_path / "built.py")
    assert built["workflow"] == written["workflow"]
    assert statuses(built) == {"one": "reused"}


def test_a_run_in_a_new_directory_says_where_its_lock_is(tally: Program, write: Write) -> None:
    """The first run writes the lock beside the workflow; the second finds it as it is."""
    path = write(ONE)
    assert f"locked sh in {path.with_suffix('.lock')}" in tally("run", path).err
    assert "locked" not in tally("run", path).err


def test_what_cannot_be_had_here(tally: Program, letters: Path) -> None:
    """Peers without one of this home: exit 3, and nothing is begun."""
    before = tally("runs").out
    asked = tally("run", letters, "--on", "peers")
    assert asked.code == 3
    assert "tally peer start" in asked.err
    assert tally("rerun", "latest", "--on", "peers").code == 3
    assert tally("runs").out == before


def test_what_a_run_may_cost_is_an_amount(tally: Program, letters: Path) -> None:
    """Of credits; on this machine it costs nothing, whatever it may."""
    refused = tally("run", letters, "--max-cost", "3,5")
    assert refused.code == 2
    assert "'max_cost' cannot be '3,5'" in refused.err
    assert tally("run", letters, "--max-cost", "0").code == 0


def test_an_unending_run_can_be_bounded(tally: Program, write: Write) -> None:
    """A step that takes longer than its time is ended, and said to be."""
    path = write("  s: {run: sleep 60, outputs: {o: o}, resources: {time: 300ms}}\n")
    done = tally("run", path)
    assert done.code == 1
    assert "s: failed: it took longer than its 'time' allows" in done.err


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("ln -s /etc/passwd {outputs.o}", "link"),
        ("ln -s ../../x {outputs.o}", "link"),
        ("mkfifo {outputs.o}", "exit code"),
        ("mknod {outputs.o} b 8 0", "exit code"),
        ("true", "o"),
    ],
)
def test_what_cannot_be_kept_is_refused(tally: Program, write: Write, run: str, said: str) -> None:
    """Links out of it, pipes, devices, nothing at all: the step fails, and the next run works."""
    done = tally("run", write(f"  s: {{run: '{run}', outputs: {{o: o}}}}\n"), "-o", "json")
    assert done.code == 1
    assert said in next(line for line in done.err.splitlines() if line.startswith("s: failed"))
    assert tally("run", write(ONE, name="next")).code == 0


def test_memory_and_disk_are_limited(tally: Program, write: Write) -> None:
    """A step that takes more than it asked for is ended; the error says which it was."""
    eater = "'a=x; while :; do a=$a$a; done'"
    steps = (
        f"  eats: {{run: {eater}, outputs: {{o: o}}}}\n"
        "  fills: {run: 'dd if=/dev/zero of={outputs.o} bs=1048576 count=64', outputs: {o: o},"
        " resources: {disk: 16MiB}}\n"
    )
    done = tally("run", write(steps), "--keep-going", "-o", "json")
    assert statuses(done.json) == {"eats": "failed", "fills": "failed"}
    assert "memory" in next(x for x in done.err.splitlines() if x.startswith("eats: failed"))
    assert tally("fsck").code == 0


def test_a_flood_of_log_is_cut(tally: Program, write: Write) -> None:
    """A step may print for ever: what is kept is bounded, and the step goes on."""
    path = write("  s: {run: 'head -c 50000000 /dev/zero; echo 1 >{outputs.o}', outputs: {o: o}}\n")
    run = tally.told("run", path)
    assert run["status"] == "succeeded"
    (line,) = tally.told("show", run["name"], "--evidence")["evidence"]
    done = tally("log", run["name"], "-o", "json")
    said = json.loads(done.out)
    assert said["truncated"]
    assert len(said["stdout"]) <= 16 * 2**20
    assert line["stdout"]
