"""What only processes can show: signals, two at once, the background, a pipe that closes."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program, statuses

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

PATIENCE_S = 30


def wait_for(ready: Callable[[], bool]) -> None:
    """Wait until something is so, and fail when it does not come."""
    end = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def own(seconds: str) -> str:
    """Return a duration that no other process of tests sleeps for, and no earlier step has."""
    return f"{float(seconds)}{os.getpid():07}"  # its last digits


def is_running(seconds: str) -> bool:
    """Return whether the step of `sleeper` runs, which only its words on this machine tell."""
    marker = own(seconds)
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if marker.encode() in words:
            return True
    return False


def sleeper(seconds: str) -> str:
    """Return a step that says that it has begun, then sleeps: its duration finds it anywhere."""
    script = f"echo begun; sleep {own(seconds)}; echo 1 >{{outputs.o}}"
    return f"  s: {{run: '{script}', outputs: {{o: o}}}}\n"


def latest(tally: Program, title: str) -> str:
    """Return the name of the latest run of a workflow, "" while there is none."""
    runs = tally.told("runs")["runs"]
    return next((run["name"] for run in runs if run["workflow"] == title), "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_cancelled(tally: Program, write: Write, number: int) -> None:
    """Ctrl-C ends the steps, records the run as cancelled, and is exit 1: no process is left."""
    seconds = f"3{number:03}.25"
    with tally.start("run", write(sleeper(seconds), name="int"), "-o", "json") as process:
        wait_for(lambda: is_running(seconds))
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_S)
    run = json.loads(out)
    assert process.returncode == 1, err
    assert (run["status"], statuses(run)) == ("cancelled", {"s": "skipped"})
    assert tally.told("show", run["name"])["status"] == "cancelled"
    assert f"run '{run['name']}' was cancelled" in err
    wait_for(lambda: not is_running(seconds))


def test_an_interrupted_rerun_is_exit_1(tally: Program, write: Write) -> None:
    """A rerun that is stopped says so and judges nothing."""
    path = write(
        "  s: {run: 'if [ -e /in/slow/x ]; then sleep 3001.5; fi; echo 1 >{outputs.o}',"
        " inputs: {slow: inputs.slow}, outputs: {o: o}}\n",
        head="inputs: {slow: ./slow}",
        name="again",
    )
    (path.parent / "slow").mkdir()
    steps = "  s: {run: 'sleep 0.3; echo 1 >{outputs.o}', outputs: {o: o}}\n"
    run = tally.told("run", write(steps, name="again2"))["name"]
    with tally.start("rerun", run) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "s: started\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "the rerun was cancelled" in err
    assert out == ""


def test_a_run_can_be_cancelled_from_elsewhere(tally: Program, write: Write) -> None:
    """`tally cancel` stops the run of another process; a second time there is nothing to stop."""
    with tally.start("run", write(sleeper("3002.5"), name="else")) as process:
        wait_for(lambda: is_running("3002.5"))
        name = latest(tally, "else")
        assert tally("cancel", name).code == 0
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert tally.told("show", name)["status"] == "cancelled"
    assert tally("cancel", name).code == 2


def test_two_runs_at_once_share_work(tally: Program, write: Write, tmp_path: Path) -> None:
    """The same step is done once: the other run waits for it and takes its result."""
    path = write(sleeper("1.07"), name="share")
    with tally.start("run", path, "-o", "json") as one:
        wait_for(lambda: is_running("1.07"))
        two = tally("run", path, "-o", "json")
        out, err = one.communicate(timeout=PATIENCE_S)
    assert (one.returncode, two.code) == (0, 0), err + two.err
    assert "s: another run is doing it; waiting for that" in two.err
    assert statuses(json.loads(out)) == {"s": "ran"}
    assert statuses(two.json) == {"s": "reused"}
    assert json.loads(out)["outputs"] == two.json["outputs"]


def test_a_killed_run_is_gone_on_with(tally: Program, write: Write) -> None:
    """After kill -9 the same command goes on under the same name; what was done stays done."""
    steps = "  a: {run: 'echo before >{outputs.o}', outputs: {o: o}}\n" + sleeper("1.13").replace(
        "{run:", "{needs: [a], run:"
    )
    path = write(steps, name="killed")
    with tally.start("run", path) as process:
        wait_for(lambda: is_running("1.13"))
        process.kill()
        process.communicate()
    name = latest(tally, "killed")
    assert tally.told("show", name)["status"] == "interrupted"
    again = tally.told("run", path)
    assert (again["name"], again["status"]) == (name, "succeeded")
    assert statuses(again) == {"a": "ran", "s": "ran"}


def test_a_detached_run_goes_on_in_the_background(tally: Program, write: Write) -> None:
    """`--detach` comes back at once with the run's name; `log -f` follows it to its end."""
    path = write(sleeper("0.81"), name="back")
    begun = tally.process("run", path, "--detach", "-o", "json")
    assert begun.code == 0, begun.err
    run = json.loads(begun.out)
    assert (run["run"], run["status"]) == (None, "running")
    assert tally.told("show", run["name"])["status"] == "running"
    followed = tally.process("log", run["name"], "-f")
    assert followed.out == "s stdout | begun\n"
    wait_for(lambda: tally.told("show", run["name"])["status"] == "succeeded")


def test_a_log_is_followed_while_the_run_lasts(tally: Program, write: Write) -> None:
    """A line comes when the step prints it, not when it ends, and comes once."""
    with tally.start("run", write(sleeper("3003.5"), name="follow")) as run:
        wait_for(lambda: is_running("3003.5"))
        name = latest(tally, "follow")
        with tally.start("log", name, "s", "-f") as log:
            assert log.stdout is not None
            assert log.stdout.readline() == "s stdout | begun\n"
            run.send_signal(signal.SIGINT)
            rest, _ = log.communicate(timeout=PATIENCE_S)
        run.communicate(timeout=PATIENCE_S)
    assert (log.returncode, rest) == (0, "")


@pytest.mark.parametrize("command", ["runs", "show", "log", "cat", "schema", "ls"])
def test_a_reader_that_goes_away_is_no_error(
    tally: Program, first: str, letters: Path, command: str
) -> None:
    """`tally … | head -0` prints no traceback and no complaint."""
    words = {
        "runs": (),
        "show": (first,),
        "log": (first,),
        "schema": (),
        "cat": (f"{first}/letter/text",),
        "ls": (tally.told("add", letters.parent)["cid"],),
    }[command]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = tally.process(command, *words, stdout=writing)
    finally:
        os.close(writing)
    assert (done.code, done.err) == (0, "")


def test_output_that_is_no_terminal_has_no_escapes(tally: Program, write: Write) -> None:
    """Neither progress nor results have colours or cursor movements when piped."""
    done = tally.process("run", write(sleeper("0"), name="plain"))
    assert "\x1b" not in done.out + done.err
    assert "s: done in" in done.err


@pytest.mark.parametrize("no_color", [True, False])
def test_a_terminal_gets_a_live_tree(tally: Program, write: Write, no_color: bool) -> None:
    """On a terminal progress is drawn anew in place; NO_COLOR takes colours from it."""
    extra = {"NO_COLOR": "1"} if no_color else {}
    program = tally.at(tally.home, TERM="xterm", **extra)
    ours, theirs = os.openpty()
    with program.start(
        "run", write(sleeper("0.1"), name="tty"), "--force", "s", stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:
                break
            if not data:
                break
            shown += data
        process.communicate(timeout=PATIENCE_S)
    os.close(ours)
    text = shown.decode()
    assert process.returncode == 0
    assert "✔ s  1 ran" in text
    assert "s: started" not in text
    if no_color:
        assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", text)


FULL = "  s: {run: 'head -c 60000000 /dev/urandom >{outputs.o}', outputs: {o: o}}\n"
IN_A_SMALL_PLACE = """\
mount -t tmpfs -o size=24m none {place}
{tally} import {bundle}
{tally} {words} && code=0 || code=$?
{tally} fsck && echo the store is whole
{tally} run {good} >&2 && echo the next run works
exit $code
"""


@pytest.mark.parametrize("command", ["run", "add"])
def test_a_full_disk_is_exit_3_and_harms_nothing(
    tally: Program, environment: str, write: Write, tmp_path: Path, command: str
) -> None:
    """What to do is said, what is stored stays whole, and the next command works."""
    assert tally("export", environment, tmp_path / "environment.car").code == 0
    (tmp_path / "add").write_bytes(os.urandom(40_000_000))
    (tmp_path / "small").mkdir()
    inside = IN_A_SMALL_PLACE.format(
        place=tmp_path / "small",
        tally=tally.script(),
        bundle=tmp_path / "environment.car",
        words=f"add {tmp_path / 'add'}" if command == "add" else f"run {write(FULL, name='full')}",
        good=write(sleeper("0"), name="good"),
    )
    mapped = [] if os.geteuid() == 0 else ["--map-root-user"]
    done = subprocess.run(
        ["unshare", "--mount", *mapped, "sh", "-euc", inside],
        env=tally.environ() | {"TALLY_HOME": str(tmp_path / "small" / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "error: the disk is full" in done.stderr
    assert "the store is whole" in done.stdout
    assert "the next run works" in done.stdout, done.stderr
