"""Bombs: each limit holds, is told by its name, and the slot runs the next job."""

import time

import pytest

from engine.sandbox.base import KIB, Limits
from engine.sandbox.bubblewrap import Bubblewrap
from tests.engine.sandbox.bench import MIB, Bench, Kept, run

pytestmark = pytest.mark.sandbox

ONE_PROCESS = "x = bytearray()\nwhile True: x += bytes(b'x') * (8 << 20)"
MANY_PROCESSES = """
import os, time
for _ in range(10):
    if not os.fork():
        x = b"x" * (40 << 20)
        time.sleep(60)
time.sleep(60)
"""
SHARED_MEMORY = """
import mmap, time
x = mmap.mmap(-1, 400 << 20)
for at in range(0, 400 << 20, 4096): x[at] = 1
time.sleep(60)
"""
ON_SCRATCH = "head -c 400000000 /dev/zero >{}; sleep 60"


@pytest.mark.parametrize("program", [ONE_PROCESS, MANY_PROCESSES, SHARED_MEMORY])
def test_memory_is_bounded(sandbox: Bubblewrap, bench: Bench, kept: Kept, program: str) -> None:
    """One process, ten together and shared pages all count, and the step is ended."""
    job = bench.job("python", "-c", program, limits=Limits(memory=150 * MIB, wall_ms=50_000))
    outcome = run(sandbox, job, kept)
    assert (outcome.reason, outcome.exit_code) == ("memory", 137)
    assert outcome.peak_memory > 150 * MIB


@pytest.mark.parametrize("place", ["/out/x", "/build/x", "/tmp/x", "/dev/shm/x"])
def test_scratch_is_memory(sandbox: Bubblewrap, bench: Bench, kept: Kept, place: str) -> None:
    """What lies on any scratch counts as memory."""
    job = bench.job(
        script=ON_SCRATCH.format(place), limits=Limits(memory=100 * MIB, wall_ms=50_000)
    )
    assert run(sandbox, job, kept).reason == "memory"


def test_memory_below_the_limit_is_fine(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """The control: the same ten processes run to their end under a higher limit."""
    program = MANY_PROCESSES.replace("time.sleep(60)", "time.sleep(0.3)")
    assert run(sandbox, bench.job("python", "-c", program), kept).exit_code == 0


def test_shared_pages_count_once(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """Forks that share what they do not write are not taken for a bomb."""
    program = (
        "import os, time\nx = b'x' * (60 << 20)\n"
        "for _ in range(8):\n    if not os.fork(): time.sleep(0.5); os._exit(0)\n"
        "for _ in range(8): os.wait()"
    )
    job = bench.job("python", "-c", program, limits=Limits(memory=200 * MIB))
    assert run(sandbox, job, kept).exit_code == 0


@pytest.mark.parametrize("place", ["/out", "/build", "/tmp", "/dev/shm"])
def test_a_full_disk_is_told(sandbox: Bubblewrap, bench: Bench, kept: Kept, place: str) -> None:
    """Every scratch shares one cap, and a step that fails at it is told why."""
    job = bench.job(script=f"head -c 30000000 /dev/zero >{place}/x", limits=Limits(disk=20 * MIB))
    outcome = run(sandbox, job, kept)
    assert (outcome.reason, outcome.exit_code) == ("disk", 1)


def test_a_disk_below_the_cap_is_fine(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """The control: the same step passes under a higher cap."""
    script = "head -c 30000000 /dev/zero >/build/x"
    assert run(sandbox, bench.job(script=script), kept).exit_code == 0


def test_too_many_files_are_told(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """Inodes are capped like bytes."""
    program = "for n in range(3000): open(f'/tmp/{n}', 'w').close()"
    job = bench.job("python", "-c", program, limits=Limits(inodes=2000))
    assert run(sandbox, job, kept).reason == "disk"


def test_a_sparse_file_is_bounded_too(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """A file of a terabyte of nothing cannot be made."""
    size = str(1 << 40)
    outcome = run(sandbox, bench.job("truncate", "-s", size, "/out/a"), kept)
    assert (outcome.reason, outcome.exit_code) == ("disk", 153)  # SIGXFSZ


def test_sparse_files_are_bounded_together(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """Many sparse files, each allowed, are refused as outputs."""
    script = "mkdir /out/a; for n in 1 2 3; do truncate -s 15M /out/a/$n; done"
    job = bench.job(script=script, outputs={"a": "a"}, limits=Limits(disk=20 * MIB))
    outcome = run(sandbox, job, kept)
    assert outcome.reason == "refused-output"
    assert "disk limit" in outcome.detail


def test_a_fork_bomb_is_bounded(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """No more processes than allowed, and the step goes on."""
    program = """
import os, time
made = 0
try:
    while made < 200:
        if not os.fork(): time.sleep(60)
        made += 1
except BlockingIOError: pass
print(made)
"""
    for processes, most in ((32, 32), (256, 200)):
        kept = Kept()
        job = bench.job("python", "-c", program, limits=Limits(processes=processes))
        assert run(sandbox, job, kept).exit_code == 0
        made = int(kept.stdout)
        assert made <= most
        assert (made == 200) == (processes == 256)  # the second is the control


def test_a_flood_of_logs_is_cut(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """What goes over the cap is dropped, the step still ends by itself."""
    script = "dd if=/dev/zero bs=1M count=1000 2>/dev/null; echo last >&2"
    outcome = run(sandbox, bench.job(script=script, limits=Limits(log=64 * KIB)), kept)
    assert (outcome.exit_code, outcome.truncated) == (0, True)
    assert len(kept.stdout) == 64 * KIB
    assert kept.stderr == b"last\n"


def test_a_slow_listener_slows_the_step_not_the_guard(
    sandbox: Bubblewrap, bench: Bench, kept: Kept
) -> None:
    """A deadline holds although nobody takes the step's logs."""

    def slow(stream: str, data: bytes) -> None:
        if not kept.stdout:
            time.sleep(1.5)
        kept.log(stream, data)

    limits = Limits(wall_ms=400, log=100 * MIB)
    job = bench.job(script="yes & yes >&2", limits=limits)  # both logs at once
    outcome = sandbox.run(job, slow, kept)
    assert outcome.reason == "timeout"
    assert outcome.wall_ms < 1_400


def test_a_thread_bomb_is_bounded(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """Threads count as processes."""
    program = """
import threading, time
made = 0
try:
    while made < 100:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        made += 1
except RuntimeError: pass
print(made, flush=True)
import os; os._exit(0)
"""
    job = bench.job("python", "-c", program, limits=Limits(processes=16))
    assert run(sandbox, job, kept).exit_code == 0
    assert int(kept.stdout) < 16
