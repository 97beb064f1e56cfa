"""Measure a run: 1 000 no-op steps in real sandboxes, then 10 000 steps that are all reused.

Run it as `python -m bench.steps [STEPS] [REUSED]`, with Nix and bubblewrap on the machine. The
first number is compared with ninja starting a bare bwrap of the same flags per step, where ninja
is installed; the ratio means something on a busy machine, the times do not.
"""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.localrunner import LocalRunner
from engine.sandbox.bubblewrap import Bubblewrap
from engine.sandbox.scripted import Act, Scripted
from engine.workflow.resolve import EnvironmentUse
from tests.fakes.home import NOWHERE, Home
from tests.fakes.realenv import env_sh

SLOTS = 2
TEXT = """
workflow: bench
params: {tens: [0], ones: [0]}
environments: {env: {store: /nix/store/00000000000000000000000000000001-env}}
defaults: {environment: env}
steps:
  work:
    scatter: {a: params.tens, b: params.ones}
    run: echo {scatter.a} {scatter.b} > {outputs.o}
    outputs: {o: o}
    resources: {cpus: 1, memory: 64MiB}
"""
BWRAP = (
    "env -i bwrap --unshare-user --unshare-pid --unshare-net --unshare-ipc --unshare-uts "
    "--unshare-cgroup --die-with-parent --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp "
    "/bin/sh -c 'echo x > /tmp/o'"
)


def steps(count: int) -> dict[str, str]:
    """Return the params of a run of so many steps, a multiple of 100."""
    return {"tens": str(list(range(count // 100))), "ones": str(list(range(100)))}


def run(home: Home, count: int, runners: list[LocalRunner], use: EnvironmentUse) -> float:
    """Run the workflow to its end; return the seconds it took."""
    start = time.perf_counter()
    ran = home.run(TEXT, runners, params=steps(count), environment=use, watch=lambda _: None)
    if ran.status != "succeeded":
        raise SystemExit(f"the run {ran.status}: {ran.steps[0].note}")
    return time.perf_counter() - start


def sandboxed(count: int) -> float:
    """Return the seconds for steps in real sandboxes."""
    with a_home() as home:
        use, closures = env_sh(home.path, home.store)
        runners = home.runners([Bubblewrap(home.work) for _ in range(SLOTS)], closures)
        return run(home, count, runners, use)


def reused(count: int) -> float:
    """Return the seconds for steps that are all reused; a scripted sandbox ran them before."""
    with a_home() as home:
        for _ in range(2):
            boxes = [Scripted(lambda job: Act(files={"o": job.script or b""})) for _ in "ab"]
            seconds = run(home, count, home.runners(boxes), NOWHERE)
        return seconds


@contextmanager
def a_home() -> Iterator[Home]:
    """Open a new home, closed and removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        yield home
        home.close()


def ninja(count: int) -> float | None:
    """Return the seconds ninja takes to start as many bare bwraps."""
    if shutil.which("ninja") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"rule r\n  command = {BWRAP}\n"]
        lines += [f"build o{number}: r\n" for number in range(count)]
        (Path(folder) / "build.ninja").write_text("".join(lines))
        start = time.perf_counter()
        subprocess.run(["ninja", "-C", folder, f"-j{SLOTS}"], check=True, capture_output=True)
        return time.perf_counter() - start


def main() -> None:
    """Print both measurements."""
    count, again = (int(word) for word in (*sys.argv[1:], *("1000", "10000")[len(sys.argv) - 1 :]))
    seconds = sandboxed(count)
    print(f"{count} steps in sandboxes: {1000 * seconds / count:.2f} ms each")
    if (bare := ninja(count)) is not None:
        print(f"ninja + bwrap: {1000 * bare / count:.2f} ms each; we are {seconds / bare:.2f} x")
    print(f"{again} steps reused: {reused(again):.2f} s")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
