"""Ctrl-C: at every stage of every command, and the same command then goes on.

Signals are sent by the process to itself at a moment that is named (engine/durable.py), so that
each comes exactly there. At random times they are sent by `python -m tests.long interrupt`.
"""

import errno
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from unittest.mock import Mock

import pytest

from cli import ending, interrupt, start
from tests.cli.conftest import Write, copy_project
from tests.cli.program import Program, Told
from tests.cli.terminal import Terminal
from tests.cli.test_process import is_running, latest, sleeper, wait_for

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

AT = """
import os, signal, sys
from engine.durable import EVENT
point, number, before, *words = sys.argv[1:]
exec(before)
def hook(event, args):
    global point
    if event == EVENT and args[0] == point:
        point = None
        os.kill(os.getpid(), int(number))
sys.addaudithook(hook)
sys.argv = ["tally", *words]
from cli.start import entry
entry()
"""
CANCELLED = "error: cancelled\n  fix: the same command goes on from there\n"
ENDED = "error: cancelled\n  fix: run the command again: what it finished is kept\n"


def at(
    tally: Program,
    point: str,
    *words: object,
    number: int = signal.SIGINT,
    before: str = "",
    folder: Path | None = None,
) -> Told:
    """Run a command as a process that gets a signal at a named moment."""
    command = [sys.executable, "-c", AT, point, str(int(number)), before, *map(str, words)]
    done = subprocess.run(
        command, env=tally.environ(), cwd=folder, capture_output=True, text=True, check=False
    )
    return Told(done.returncode, done.stdout, done.stderr)


def is_cancelled(told: Told) -> None:
    """Look whether a command was cancelled as it should be."""
    assert told.code == 1, told
    assert "cancelled\n  fix: " in told.err, told
    assert "Traceback" not in told.err, told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_while_a_workflow_is_read(empty: Program, tmp_path: Path, number: int) -> None:
    """Whatever the author's Python does; nothing was begun, nothing is left."""
    (tmp_path / "w.py").write_text(
        "import pathlib, time\npathlib.Path('ready').touch()\ntime.sleep(3000)\n"
    )
    with empty.start("run", "w.py", cwd=tmp_path) as process:
        wait_for((tmp_path / "ready").exists)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert err.lstrip("\n") == CANCELLED


def test_while_nix_builds(tally: Program, tmp_path: Path) -> None:
    """The build ends with it, and so does every process that it has started."""
    path = copy_project(tmp_path / "project")
    recipe = path.parent / "env" / "default.nix"
    salt = str(uuid.uuid4())
    text = recipe.read_text()
    head = text[: text.rindex("\n}")]
    recipe.write_text(f'{head}\n  env-slow = mk "slow" {{ }} "sleep 3000; : {salt}";\n}}\n')
    path.write_text(path.read_text().replace("env-sh", "env-slow"))
    with tally.start("run", path) as process:
        wait_for(lambda: any(salt in line for line in _lines()))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.endswith(CANCELLED)
    wait_for(lambda: not any(salt in line for line in _lines()))
    assert not path.with_suffix(".lock").exists()


def _lines() -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(entry.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    "point", ["file.begun", "file.written", "file.renamed", "database.changed"]
)
def test_while_a_large_file_is_added(empty: Program, tmp_path: Path, point: str) -> None:
    """What is half written is gone, and adding it again adds it."""
    (tmp_path / "large").write_bytes(os.urandom(3_000_000))
    empty("add", tmp_path / "large", "-o", "json")  # a home, and what is measured against
    wanted = empty.told("add", tmp_path / "large")
    other = empty.at(tmp_path / "other" / "home")
    is_cancelled(at(other, point, "add", tmp_path / "large"))
    assert other.told("add", tmp_path / "large") == wanted
    assert other("gc").code == 0
    assert not list((tmp_path / "other" / "home" / "store" / "files").glob("tmp.*"))


@pytest.mark.parametrize(
    "point", ["lock.written", "run.begun", "stage.made", "record.stored", "run.stored"]
)
def test_while_a_workflow_runs(tally: Program, tmp_path: Path, point: str) -> None:
    """It can be run again at once; what was finished is reused, and no process is left."""
    path = copy_project(tmp_path / "project")
    text = path.read_text().replace("letters", point.replace(".", "-"))
    path.write_text(text.replace("[Ada, Alan]", f"[Ada, {point}]"))
    is_cancelled(at(tally, point, "run", path))
    again = tally.told("run", path)
    assert again["status"] == "succeeded"
    assert not list((tally.home / "work" / "in").iterdir())


def test_while_a_bundle_is_written(tally: Program, first: str, tmp_path: Path) -> None:
    """No half of one is there; what was there before is still whole."""
    assert tally("export", first, tmp_path / "run.car").code == 0
    before = (tmp_path / "run.car").read_bytes()
    is_cancelled(at(tally, "bundle.written", "export", first, tmp_path / "run.car"))
    is_cancelled(at(tally, "bundle.written", "export", first, tmp_path / "new.car"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.car"]
    assert (tmp_path / "run.car").read_bytes() == before


def test_while_a_bundle_is_read(tally: Program, first: str, tmp_path: Path) -> None:
    """The same import goes on, and the run is then there."""
    assert tally("export", first, tmp_path / "run.car").code == 0
    other = tally.at(tmp_path / "other" / "home")
    is_cancelled(at(other, "batch.entered", "import", tmp_path / "run.car"))
    assert other("import", tmp_path / "run.car").code == 0
    assert other.told("rerun", tmp_path / "run.car", "--offline")["verdict"] == "reproduced"


@pytest.mark.parametrize("point", ["get.written", "get.named"])
def test_while_content_is_written_out(
    tally: Program, letters: Path, tmp_path: Path, point: str
) -> None:
    """All of it is there under its name, or nothing is."""
    cid = tally.told("add", letters.parent)["cid"]
    is_cancelled(at(tally, point, "get", cid, tmp_path / "copy"))
    left = [path.name for path in tmp_path.iterdir()]
    assert left == ([] if point == "get.written" else ["copy"])


@pytest.mark.parametrize("point", ["gc.marked", "gc.swept", "gc.cleared"])
def test_while_content_is_collected(empty: Program, tmp_path: Path, point: str) -> None:
    """What is kept is kept, and the next collection does the rest."""
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "gone").write_bytes(os.urandom(100_000))
    kept = empty.told("add", tmp_path / "kept")["cid"]
    gone = empty.told("add", tmp_path / "gone")["cid"]
    is_cancelled(at(empty, point, "gc", "--unpin", gone))
    assert empty("gc").code == 0
    assert empty("cat", kept).out == "kept"
    assert empty("cat", gone).code == 3
    assert empty("fsck").code == 0


def test_while_a_run_is_done_again(tally: Program, first: str) -> None:
    """It judges nothing, and the next one judges."""
    told = at(tally, "stage.made", "rerun", first)
    is_cancelled(told)
    assert told.out == ""
    assert "goes on" not in told.err
    assert tally.told("rerun", first)["verdict"] == "reproduced"


def test_while_somebody_else_writes(tally: Program, tmp_path: Path) -> None:
    """Waiting for another process that has the database is ended too."""
    (tmp_path / "new").write_bytes(os.urandom(100))
    index = str(tally.home / "store" / "index.db")
    hold = (
        "import sqlite3\n"
        f"other = sqlite3.connect({index!r}, isolation_level=None)\n"
        "other.execute('BEGIN IMMEDIATE')\n"
        "import engine.sqlite as ours, os, signal, threading\n"
        "begin = ours.Sqlite._begin\n"
        "def waiting(self):\n"
        "    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "    begin(self)\n"
        "ours.Sqlite._begin = waiting\n"
    )
    is_cancelled(at(tally, "", "add", tmp_path / "new", before=hold))


def test_when_all_is_done(empty: Program, tmp_path: Path) -> None:
    """It is said that it was cancelled; that nothing was left to do is seen the next time."""
    (tmp_path / "new").write_bytes(b"new")
    late = (
        "import cli.interrupt as ours\n"
        "done = ours.Interrupts.done\n"
        "def just_before(self, code):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    done(self, code)\n"
        "ours.Interrupts.done = just_before\n"
    )
    is_cancelled(at(empty, "", "add", tmp_path / "new", before=late))


def test_a_second_one_ends_it_at_once(tally: Program, write: Write) -> None:
    """Whatever it waits for meanwhile; its steps end with it, and the run can be gone on with."""
    path = write(sleeper("3006.5"), name="twice")
    deaf = "import engine.scheduler as one; one.Scheduler.cancel = lambda self: None"
    command = [sys.executable, "-c", AT, "", "0", deaf, "run", str(path)]
    with subprocess.Popen(command, env=tally.environ(), stderr=subprocess.PIPE, text=True) as run:
        wait_for(lambda: is_running("3006.5"))
        run.send_signal(signal.SIGINT)
        wait_for(lambda: _ends_at(run, signal.SIGINT))
        _, err = run.communicate(timeout=30)
    assert run.returncode == 1
    assert err.endswith(CANCELLED)
    wait_for(lambda: not is_running("3006.5"))
    assert tally.told("show", latest(tally, "twice"))["status"] == "interrupted"


def _ends_at(process: "subprocess.Popen[str]", number: int) -> bool:
    """Send a signal, again if need be: two that come together are one. Return whether it ended."""
    if process.poll() is None:
        process.send_signal(number)
    return process.poll() is not None


def test_one_that_is_ignored_stays_ignored(empty: Program, tmp_path: Path) -> None:
    """As under nohup: who started the program has decided that."""
    (tmp_path / "w.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGHUP)\nraise ValueError('it went on')\n"
    )
    command = f"trap '' HUP; exec {empty.script()} run w.py"
    done = subprocess.run(
        ["sh", "-c", command], env=empty.environ(), cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "it went on" in done.stderr


def test_on_a_terminal(tally: Program, write: Write) -> None:
    """The keys are enough; what is drawn ends, and the cursor is shown again."""
    path = write(sleeper("3007.5"), name="keys")
    environ = tally.environ() | {"TERM": "xterm"}
    with Terminal([str(tally.script()), "run", str(path)], environ, path.parent) as terminal:
        wait_for(lambda: is_running("3007.5"))
        terminal.type("\x03")
        shown = terminal.wait_for("was cancelled")
        assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
        assert terminal.ended() == 1
    wait_for(lambda: not is_running("3007.5"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "w.yaml"], "goes on from there"),
        (["--home", "run", "rerun", "brave-otter"], "begins anew"),
        (["check-determinism", "run"], "begins anew"),
        (["verify"], "begins anew"),
        (["-h", "add", "run"], "what it finished is kept"),
        ([], "what it finished is kept"),
    ],
)
def test_what_is_said_is_true_of_the_command(words: list[str], said: str) -> None:
    """Only a run goes on where it was; what compares begins anew; others keep what is done."""
    assert ending.fix(words).endswith(said)


def test_a_terminal_that_is_gone_is_known_for_one() -> None:
    """What it was is no longer told by isatty, and whoever wrote to it would fail."""
    ours, theirs = os.openpty()
    with Path(os.devnull).open("w") as nothing:
        assert interrupt._was_terminal(theirs)
        os.close(ours)
        assert not os.isatty(theirs)
        assert interrupt._was_terminal(theirs)
        os.close(theirs)
        assert not interrupt._was_terminal(nothing.fileno())


def test_where_nobody_can_be_told_the_exit_code_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be printed, and nothing said of that; what was done is still told by a number."""

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(start.sys, "stdout", Mock(flush=fail))
        patch.setattr(start.os, "write", fail)
        assert (start._flushed(1), start._flushed(0)) == (1, 3)


def test_when_the_terminal_goes_away(tally: Program, write: Write) -> None:
    """SIGHUP: nothing can be told to anybody, and the run is recorded as cancelled all the same."""
    path = write(sleeper("3008.5"), name="gone")
    environ = tally.environ() | {"TERM": "xterm"}
    with Terminal([str(tally.script()), "run", str(path)], environ, path.parent) as terminal:
        wait_for(lambda: is_running("3008.5"))
        terminal.hang_up()
        assert terminal.ended() == 1
    wait_for(lambda: not is_running("3008.5"))
    assert tally.told("show", latest(tally, "gone"))["status"] == "cancelled"


def test_while_a_log_is_followed(tally: Program, write: Write) -> None:
    """It ends the following, not the run."""
    with tally.start("run", write(sleeper("3009.5"), name="watched")) as run:
        wait_for(lambda: is_running("3009.5"))
        name = latest(tally, "watched")
        with tally.start("log", name, "-f") as log:
            assert log.stdout is not None
            log.stdout.readline()
            log.send_signal(signal.SIGINT)
            _, err = log.communicate(timeout=30)
        assert (log.returncode, err.lstrip("\n")) == (1, ENDED)
        assert is_running("3009.5")
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=30)
