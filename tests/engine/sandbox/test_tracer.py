"""The tracer: a step whose clock is set, and whose processes wait for one another or are nice."""

import pytest

from engine.determinism.clockcode import patches
from engine.determinism.conditions import Conditions
from engine.determinism.shim import HELD_S
from engine.sandbox.base import Limits
from engine.sandbox.bubblewrap import Bubblewrap
from tests.engine.sandbox.bench import Bench, Kept, run

pytestmark = pytest.mark.sandbox

CLOCK = "import time; print(int(time.time()))"
CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CLOCK!r}])"
# A child that is at work, and writes after its parent would have, were it not waited for.
LATE_CHILD = """
import os
if not os.fork():
    sum(range(5_000_000))
    os.write(1, b"child ")
    os._exit(0)
os.write(1, b"parent ")
os.wait()
"""
# The parent has what the child waits for: as long as nobody runs, it goes on.
PARENT_IS_AWAITED = """
import os
read, write = os.pipe()
if not os.fork():
    os.write(1, os.read(read, 6))
    os._exit(0)
os.write(write, b"gone on")
os.wait()
"""
NICE = """
import os, time
for _ in range(3):
    if not os.fork():
        time.sleep(0.05)
        os.write(1, b"%d " % os.nice(0))
        os._exit(0)
    os.wait()
"""
IS_KILLED = "import os, signal, time\nif not os.fork(): time.sleep(60)\nos.kill(os.getpid(), 15)"


@pytest.mark.parametrize("program", [CLOCK, CHILD])
def test_a_patched_clock_stands_still(
    sandbox: Bubblewrap, bench: Bench, kept: Kept, program: str
) -> None:
    """Every program that is executed reads it, not only the first."""
    job = bench.job("python", "-c", program, patches=patches(Conditions(time="held")))
    assert run(sandbox, job, kept).exit_code == 0, kept.stderr
    assert kept.stdout.split() == [b"%d" % HELD_S]


def test_what_makes_a_process_waits_for_its_end(
    sandbox: Bubblewrap, bench: Bench, kept: Kept
) -> None:
    """Serial: the child is first; without, the parent is."""
    for serial, first in ((True, b"child"), (False, b"parent")):
        kept.stdout = b""
        run(sandbox, bench.job("python", "-c", LATE_CHILD, serial=serial), kept)
        assert kept.stdout.split()[0] == first


def test_who_is_waited_for_in_turn_goes_on(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """Two that wait for each other are no deadlock."""
    job = bench.job("python", "-c", PARENT_IS_AWAITED, serial=True, limits=Limits(wall_ms=20_000))
    assert run(sandbox, job, kept).exit_code == 0, kept.stderr
    assert kept.stdout == b"gone o"


def test_each_that_begins_is_as_nice_as_its_number_says(
    sandbox: Bubblewrap, bench: Bench, kept: Kept
) -> None:
    """Over and over, after the command itself, which is nobody's child."""
    run(sandbox, bench.job("python", "-c", NICE, niceness=(0, 5, 9)), kept)
    assert sorted(kept.stdout.split()) == [b"0", b"5", b"9"], kept.stderr


def test_a_traced_step_ends_as_any_other(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """By its exit code, its signal or its limit; what it left is ended, and the next job runs."""
    traced = {"serial": True, "patches": patches(Conditions(time="held"))}
    assert run(sandbox, bench.job(script="exit 3", **traced), kept).exit_code == 3
    assert run(sandbox, bench.job("python", "-c", IS_KILLED, **traced), kept).exit_code == 128 + 15
    slow = bench.job("sleep", "60", limits=Limits(wall_ms=300), **traced)
    assert run(sandbox, slow, kept).reason == "timeout"
    assert run(sandbox, bench.job("true"), kept).exit_code == 0


def test_files_are_laid_over_what_a_step_sees(
    sandbox: Bubblewrap, bench: Bench, kept: Kept
) -> None:
    """In its place, in files of the kernel's and of the step's; the next job does not see them."""
    places = ("/proc/cpuinfo", "/dev/urandom")
    laid = dict.fromkeys(places, b"as laid")
    show = bench.job("head", "-c", "7", *places, files=laid)
    assert run(sandbox, show, kept).exit_code == 0, kept.stderr
    assert kept.stdout.count(b"as laid") == 2
    kept.stdout = b""
    run(sandbox, bench.job("head", "-c", "7", *places), kept)
    assert b"as laid" not in kept.stdout
