"""`tally log`: what steps printed. How it follows a running one is in test_process."""

import json

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_each_line_says_its_step_and_stream(tally: Program, first: str) -> None:
    """All steps in order; a step, or an instance, when one is named."""
    assert tally("log", first).out == (
        "greet[0] stderr | greeting Ada\ngreet[1] stderr | greeting Alan\n"
    )
    assert tally("log", first, "greet[1]").out == "greet[1] stderr | greeting Alan\n"
    assert len(tally("log", first, "greet").out.splitlines()) == 2
    silent = tally("log", first, "letter")
    assert (silent.out, silent.err) == ("", "nothing was printed\n")


def test_a_log_as_json_is_a_value_per_step(tally: Program, first: str) -> None:
    """One line of JSON for each step that ran, with the whole text."""
    lines = [json.loads(line) for line in tally("log", first, "-o", "json").out.splitlines()]
    assert [line["id"] for line in lines] == ["greet[0]", "greet[1]", "letter"]
    assert lines[0] == {
        "id": "greet[0]",
        "truncated": False,
        "stdout": "",
        "stderr": "greeting Ada\n",
    }


def test_a_log_is_known_by_the_runs_cid_too(tally: Program, first: str) -> None:
    """What is recorded is found by what it is called."""
    assert tally("log", tally.told("show", first)["run"]).out == tally("log", first).out


@pytest.mark.parametrize("step", ["gret", "greet[2]", "greet[x]", "letter[0]", ""])
def test_a_step_that_is_not_there_is_refused(tally: Program, first: str, step: str) -> None:
    """Exit 2, with the steps there are or how to name one."""
    done = tally("log", first, step)
    assert done.code == 2, done.out
    assert "fix: " in done.err


def test_what_a_step_prints_cannot_steer_the_terminal(tally: Program, write: Write) -> None:
    """Control characters and bytes that are no text are shown, not obeyed; JSON keeps them."""
    steps = r"""
  s: {run: "printf '\\033[31mred\\377\\n'; echo 1 >{outputs.o}", outputs: {o: o}}
"""
    run = tally.told("run", write(steps, name="steer"))["name"]
    assert tally("log", run).out == "s stdout | \\x1b[31mred\ufffd\n"
    assert json.loads(tally("log", run, "-o", "json").out)["stdout"] == "\x1b[31mred\ufffd\n"


def test_a_log_of_a_failed_step_is_kept(tally: Program, write: Write) -> None:
    """What it printed before it failed is there, and following it ends at once."""
    path = write("  s: {run: 'echo alas; exit 9', outputs: {o: o}}\n", name="alas")
    run = tally("run", path, "-o", "json").json["name"]
    assert tally("log", run, "s").out == "s stdout | alas\n"
    assert tally("log", run, "-f").out == "s stdout | alas\n"


def test_no_more_of_a_log_is_read_than_a_sandbox_keeps(
    tally: Program, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record from a stranger can call terabytes a log."""
    monkeypatch.setattr("cli.log.MAX_SHOWN", 5)
    assert tally("log", first, "greet[1]").out == "greet[1] stderr | greet\n"
