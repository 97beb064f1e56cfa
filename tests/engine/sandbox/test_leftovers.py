"""No process of a step outlives its end, its engine or its executor."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.sandbox import binary, orders, walls
from engine.sandbox.base import Limits
from engine.sandbox.bubblewrap import Bubblewrap
from engine.sandbox.walls import Defences
from tests.engine.sandbox import bench as bench_module
from tests.engine.sandbox.bench import Bench, Kept, run
from tests.engine.sandbox.leftovers import appeared, executor_of, gone, kill_executor_of, processes

pytestmark = pytest.mark.sandbox

# Three ways of a process to get away from the one that is killed.
STUBBORN = """
trap '' TERM INT HUP
sleep {0} &
(trap '' TERM; setsid sleep {0} &) &
(sleep {0} & ) &
"""

ENGINE = """
import sys
from pathlib import Path
from tests.engine.sandbox.bench import Bench, Kept, run
from engine.sandbox.bubblewrap import Bubblewrap
bench = Bench(Path(sys.argv[1]), sys.argv[2])
run(Bubblewrap(bench.work), bench.job(script=sys.argv[3]), Kept())
"""


def marker(number: int) -> str:
    """Return a number of seconds that no other test sleeps."""
    return f"{os.getpid()}{number:03}"


def test_a_timeout_ends_everything(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """Children that ignore signals, left their session or were orphaned all end."""
    seconds = marker(1)
    job = bench.job(script=STUBBORN.format(seconds) + "wait", limits=Limits(wall_ms=700))
    outcome = run(sandbox, job, kept)
    assert (outcome.reason, outcome.exit_code) == ("timeout", 137)
    assert not processes("sleep", seconds)


def test_daemons_end_with_the_step(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """What a step leaves running when it exits 0 is dead before its outputs are read."""
    seconds = marker(2)
    writer = "(while :; do echo x >>/out/a; done) & sleep 0.1"
    job = bench.job(script=f"{STUBBORN.format(seconds)}{writer}; exit 0", outputs={"a": "a"})
    assert run(sandbox, job, kept).exit_code == 0
    assert not processes("sleep", seconds)
    assert set(kept.entries) == {"a"}


class Watching(Kept):
    """A sink that looks whether a file still grows when it is handed on."""

    def file(self, name: str, path: str, executable: bool, content: bytes | int, size: int) -> None:
        """Compare the size that was told with the size a little later."""
        assert isinstance(content, int)
        time.sleep(0.005)
        assert os.fstat(content).st_size == size
        self.entries[name] = size


def test_no_writer_outlives_the_step(sandbox: Bubblewrap, bench: Bench) -> None:
    """An output has stopped growing when it is handed on, although bubblewrap ends before."""
    script = """
        head -c 100000 /dev/zero >/out/a
        for n in $(seq 50); do (exec >>/out/a 2>&1; while :; do echo $n; done) & done
        sleep 0.05
    """
    for _ in range(20):
        watching = Watching()
        job = bench.job(script=script, outputs={"a": "a"})
        assert run(sandbox, job, watching).exit_code == 0
        assert watching.entries


def test_close_ends_the_executor(bench: Bench, kept: Kept) -> None:
    """Nothing is left of a slot that was closed."""
    others = _executors(bench.work)
    slot = Bubblewrap(bench.work)
    run(slot, bench.job("true"), kept)
    ours = _executors(bench.work) - others
    slot.close()
    assert ours
    for executor in ours:
        _wait_until_dead(executor)


@pytest.mark.parametrize("ended", ["engine", "executor"])
def test_a_kill_leaves_nothing(bench: Bench, ended: str) -> None:
    """Kill -9 of the engine or of the executor ends the step and all that came of it."""
    seconds = marker(3 if ended == "engine" else 4)
    script = STUBBORN.format(seconds) + f"exec sleep {seconds}"
    command = [sys.executable, "-c", ENGINE, bench.work, bench.environment, script]
    root = Path(bench_module.__file__).parents[3]
    with subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL) as engine:
        steps = appeared("sleep", seconds)
        executor = executor_of(steps[0])
        os.kill(engine.pid if ended == "engine" else executor, signal.SIGKILL)
        assert gone("sleep", seconds)
        _wait_until_dead(executor)


def test_the_namespace_alone_is_enough(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what bubblewrap has not tied to its parent ends with a killed executor."""
    seconds = marker(5)
    built, untied = walls.arguments, Defences(die=False)
    monkeypatch.setattr(orders.walls, "arguments", lambda room: built(room, untied))
    killer = threading.Thread(target=kill_executor_of, args=("sleep", seconds))
    killer.start()
    with contextlib.closing(Bubblewrap(bench.work)) as slot, pytest.raises(Unavailable):
        run(slot, bench.job("sleep", seconds), Kept())
    killer.join()
    assert gone("sleep", seconds)


@pytest.mark.parametrize("tied", [True, False])
def test_without_being_tied_to_its_parent_a_sandbox_stays(tied: bool) -> None:
    """The control: what bubblewrap starts outlives a kill -9 unless it is told to die."""
    seconds = marker(6 + tied)
    bwrap = str(binary.find().path)
    options = ["--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc"]
    command = [bwrap, *options, *(["--die-with-parent"] if tied else []), "sleep", seconds]
    parent = [sys.executable, "-c", f"import subprocess; subprocess.run({command!r})"]
    with subprocess.Popen(parent) as started:
        appeared("sleep", seconds)
        started.kill()
    if tied:
        assert gone("sleep", seconds)
        return
    left = processes("sleep", seconds)
    assert left
    for process in left:
        os.kill(process, signal.SIGKILL)


def _executors(work: Path) -> set[int]:
    """List the executors of a work directory: others on this machine are not ours to watch."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if b"engine.sandbox.executor" in line and bytes(work) in line:
            found.add(int(entry.name))
    return found


def _wait_until_dead(process: int) -> None:
    while Path(f"/proc/{process}/exe").exists():
        time.sleep(0.01)
