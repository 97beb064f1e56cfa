"""`tally shell`: a person at a real terminal, in the real sandbox of a step."""

import re
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import copy_project
from tests.cli.program import Program
from tests.engine.sandbox.leftovers import appeared, gone, kill_executor_of
from tests.fakes.seat import Seat

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

PATIENCE_S = 30

FAILS = """\
workflow: fails
inputs: {note: ./note.txt}
environments: {sh: {cid: ENVIRONMENT}}
defaults: {environment: sh, resources: {memory: 64MiB}}
steps:
  a: {run: 'echo from a >{outputs.o}', outputs: {o: o}}
  b:
    inputs: {data: a.o, note: inputs.note}
    env: {COLOUR: green}
    run: 'cat {inputs.data}; echo half >{outputs.o}; echo $COLOUR >left; exit 3'
    outputs: {o: made/o.txt}
  c: {inputs: {b: b.o}, run: 'cat {inputs.b} >{outputs.o}', outputs: {o: o}}
"""


class Visit:
    """`tally shell` on a terminal, with a person at it."""

    def __init__(self, seat: Seat, process: subprocess.Popen[str]) -> None:
        self.seat = seat
        self.process = process

    def type(self, line: str) -> None:
        """Type a line."""
        self.seat.type(line + "\n")

    def leave(self) -> int:
        """Wait for the end and return the exit code."""
        return self.process.wait(60)


@contextmanager
def visit(tally: Program, *words: object) -> Iterator[Visit]:
    """Start `tally shell` as the leader of a session on a terminal of its own."""
    with Seat(30, 100) as seat:
        before = termios.tcgetattr(seat.terminal)
        ends = dict.fromkeys(("stdin", "stdout", "stderr"), seat.terminal)
        command = ["setsid", "--ctty", str(tally.script()), "shell", *map(str, words)]
        environ = {**tally.environ(), "TERM": "xterm"}
        with subprocess.Popen(command, env=environ, text=True, **ends) as process:
            try:
                yield Visit(seat, process)
                process.wait(60)
            finally:
                process.kill()
        end = time.monotonic() + PATIENCE_S
        while termios.tcgetattr(seat.terminal) != before:
            assert time.monotonic() < end, "the terminal is not what it was"
            time.sleep(0.01)


@pytest.fixture(scope="module")
def failed(tally: Program, environment: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a run of which step `b` has failed and `c` was skipped."""
    folder = tmp_path_factory.mktemp("fails")
    (folder / "note.txt").write_text("a note\n")
    (folder / "w.yaml").write_text(FAILS.replace("ENVIRONMENT", environment))
    done = tally("run", folder / "w.yaml", "-o", "json")
    assert done.code == 1
    name: str = done.json["name"]
    return name


def test_a_person_looks_around_in_a_failed_step(tally: Program, failed: str) -> None:
    """It is said what is where; inputs, variables and the command are there, outputs new."""
    with visit(tally, failed, "b") as shell:
        said = shell.seat.expect("b$ ").replace("\r", "")
        assert re.search(rf"^step +b of {failed}, which failed: exit code 3$", said, re.M)
        assert re.search(r"^/in/data +a.o$", said, re.M)
        assert re.search(r"^/in/note +inputs.note$", said, re.M)
        assert re.search(r"^/out/made/o.txt +where it makes its output 'o'$", said, re.M)
        assert re.search(r"^sh -eu /.script +runs its command again: cat /in/data;", said, re.M)
        shell.type("cat /in/data /in/note; echo $COLOUR $(pwd) $(ls /out /out/made); stty size")
        shell.seat.expect("from a\r\na note\r\ngreen /build /out: made /out/made:\r\n30 100\r\n")
        shell.type("sh -eu /.script; echo code $?; cat /out/made/o.txt left")
        shell.seat.expect("from a\r\ncode 3\r\nhalf\r\ngreen\r\n")
        shell.type("exit 7")
        assert shell.leave() == 7


def test_ctrl_c_and_a_new_size_are_for_what_runs_inside(tally: Program, failed: str) -> None:
    """Neither ends the shell, nor `tally`."""
    with visit(tally, failed, "b") as shell:
        shell.seat.expect("b$ ")
        shell.type("sleep 2345.5")
        assert appeared("sleep", "2345.5")
        shell.seat.type("\x03")
        shell.seat.expect("^C")
        shell.type("echo code $?")
        shell.seat.expect("code 130\r\n")
        shell.seat.resize(50, 132)
        shell.type("until [ \"$(stty size)\" = '50 132' ]; do :; done; echo res''ized")
        shell.seat.expect("resized\r\n")
        shell.seat.expect("b$ ")  # a shell that begins to read throws away what was typed before
        shell.seat.type("\x03")  # at a prompt
        shell.seat.expect("b$ ")
        shell.seat.type("\x04")  # the end of what is typed
        shell.leave()


def test_again_finds_what_the_step_left(tally: Program, failed: str) -> None:
    """The step's command is run first, in the same sandbox."""
    with visit(tally, failed, "b", "--again") as shell:
        shell.seat.expect("from a\r\nthe step's command has ended with exit code 3\r\n")
        shell.seat.expect("b$ ")
        shell.type("cat /out/made/o.txt left; exit")
        shell.seat.expect("half\r\ngreen\r\n")
        assert shell.leave() == 0


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGHUP, 128 + signal.SIGHUP),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_a_signal_ends_it(tally: Program, failed: str, number: int, code: int) -> None:
    """The terminal is what it was, whatever the signal, and nothing is left running."""
    seconds = f"2346.{number}"
    with visit(tally, failed, "b") as shell:
        shell.seat.expect("b$ ")
        shell.type(f"sleep {seconds}")
        assert appeared("sleep", seconds)
        shell.process.send_signal(number)
        assert shell.leave() == code
    assert gone("sleep", seconds)


def test_a_sandbox_that_breaks_gives_the_terminal_back(tally: Program, failed: str) -> None:
    """It is said that it broke."""
    with visit(tally, failed, "b") as shell:
        shell.seat.expect("b$ ")
        shell.type("sleep 2347.5")
        kill_executor_of("sleep", "2347.5")
        shell.seat.expect("error: the sandbox's executor ended unexpectedly")
        assert shell.leave() == 3


def test_time_is_limited_when_that_is_asked_for(tally: Program, failed: str) -> None:
    """It is said that it was that."""
    with visit(tally, failed, "b", "--time", "300ms") as shell:
        shell.seat.expect("it took longer than --time")
        assert shell.leave() == 137


def test_a_command_needs_no_terminal(tally: Program, failed: str) -> None:
    """Its output goes where it belongs, and its exit code is passed on."""
    words = ("shell", failed, "b", "--", "sh", "-c", "cat /in/note; echo $COLOUR >&2; exit 4")
    done = tally(*words)
    assert (done.code, done.out, done.err) == (4, "a note\n", "green\n")
    again = tally(*words[:3], "--again", *words[3:])
    assert again.out == "from a\nthe step's command has ended with exit code 3\na note\n"


def test_it_says_how_it_ended_as_json(tally: Program, first: str) -> None:
    """Also of a step that succeeded, here an instance with a gather."""
    words = ("shell", first, "letter", "-o", "json", "--", "cat", "/in/all/1", "/in/all.list")
    done = tally(*words)
    *said, told = done.out.splitlines()
    assert said == ["hello, Alan", "/in/all/0", "/in/all/1"]
    assert told == '{"id": "letter", "exit_code": 0, "reason": ""}'


def test_what_a_step_gave_is_beside_what_it_makes(
    own: Program, environment: str, tmp_path: Path
) -> None:
    """Files and directories, by the names of outputs, for reading only; /out is empty."""
    (tmp_path / "w.yaml").write_text(f"""\
workflow: gave
environments: {{sh: {{cid: {environment}}}}}
defaults: {{environment: sh, resources: {{memory: 64MiB}}}}
steps:
  s:
    run: echo one >{{outputs.o}}; mkdir {{outputs.d}}; echo two >{{outputs.d}}/f
    outputs: {{o: some/o.txt, d: d}}
""")
    run = own.told("run", tmp_path / "w.yaml")["name"]
    look = "cat /was/o /was/d/f; ls /out; echo x >/was/d/f || echo x >/was/new || sh -eu /.script"
    done = own("shell", run, "s", "--", "sh", "-c", look)
    assert (done.code, done.out) == (0, "one\ntwo\nsome\n")
    assert done.err.count("Read-only file system") == 2
    with visit(own, run, "s") as shell:
        shell.seat.expect("what it gave, by name: d, o")
        shell.seat.expect("s$ ")
        shell.type("exit")
        assert shell.leave() == 0
    own.told("gc")
    assert own("cat", f"{run}/s/o").out == "one\n"  # what was seen is no part of the store


def test_an_imported_run_has_its_sandboxes(
    tally: Program, failed: str, empty: Program, tmp_path: Path
) -> None:
    """On a machine that has never seen it, and that has no Nix."""
    tally.told("export", failed, tmp_path / "run.car")
    (root,) = empty.told("import", tmp_path / "run.car")["roots"]
    words = ("shell", root["cid"], "b", "--", "cat", "/in/data")
    done = empty(*words)
    assert (done.code, done.out) == (0, "from a\n"), done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("b",), "a shell needs a terminal"),
        (("b", "--", "bash"), "this environment has no 'bash'"),
        (("c", "--", "ls"), "step 'c' was skipped: it never had a sandbox"),
        (("d", "--", "ls"), "no step 'd'"),
        (("b", "--time", "soon", "--", "ls"), "'soon' is not a number with a unit"),
    ],
)
def test_what_cannot_be_is_refused(
    tally: Program, failed: str, words: tuple[str, ...], said: str
) -> None:
    """With what to do instead."""
    done = tally("shell", failed, *words)
    assert done.code == 2
    assert said in done.err
    assert "fix: " in done.err


def test_an_environment_without_a_shell(tally: Program, tmp_path: Path) -> None:
    """It is said what it has, and a command of it runs on a terminal, too."""
    text = """\
workflow: static
environments: {c: {nix: ./env/default.nix, attribute: hello-tcc}}
defaults: {environment: c, resources: {memory: 64MiB}}
steps:
  s: {run: [hello], outputs: {o: o}}
"""
    path = copy_project(tmp_path / "static", text)
    run = tally("run", path, "-o", "json").json["name"]
    with visit(tally, run, "s") as shell:
        shell.seat.expect("this environment has no sh")
        shell.seat.expect("it has: hello")
        assert shell.leave() == 2
    with visit(tally, run, "s", "--", "hello") as shell:
        shell.seat.expect("hello from C")
        assert shell.leave() == 0
