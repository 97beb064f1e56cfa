"""What the walls cost: milliseconds per step that does nothing, by several ways of running it.

    python bench/sandbox.py [STEPS [ROUNDS]]

All ways run in turn, round by round, so that a noisy machine is noisy for all of them: read the
ratios. Two at a time. The bare ones bind what the executor binds but have no scratch, no filter,
no limits, no logs and no collection.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from engine.sandbox import binary
from engine.sandbox.base import Job, Limits
from engine.sandbox.bubblewrap import Bubblewrap

SLOTS = 2
PLAIN = "--unshare-all --die-with-parent --new-session --clearenv"
OURS = (
    "--unshare-user --disable-userns --unshare-pid --unshare-net --unshare-ipc --unshare-uts "
    "--unshare-cgroup --uid 1000 --gid 1000 --cap-drop ALL --new-session --die-with-parent "
    "--clearenv"
)


class Nothing:
    """Takes outputs and logs and forgets them."""

    def directory(self, name: str, path: str) -> None:
        """Take a directory."""

    def symlink(self, name: str, path: str, target: str) -> None:
        """Take a symlink."""

    def file(self, name: str, path: str, executable: bool, content: bytes | int, size: int) -> None:
        """Take a file."""

    def __call__(self, stream: str, data: bytes) -> None:
        """Take some bytes of a log."""


def stage(work: Path) -> tuple[Path, str]:
    """Link a shell's closure into `work`; return the farm and the directory of programs."""
    recipe = Path(__file__).parents[1] / "examples" / "env"
    script = ". ./nixenv.sh; nix-store -qR $(nix-build . -A env-sh --no-out-link)"
    listed = subprocess.run(
        ["sh", "-euc", script], cwd=recipe, capture_output=True, text=True, check=True
    )
    farm = work / "closure"
    farm.mkdir()
    for path in listed.stdout.split():
        subprocess.run(["cp", "-al", path, farm], check=True)
    return farm, f"{listed.stdout.split()[-1]}/bin"


def executor(work: Path, farm: Path, programs: str) -> Callable[[int], None]:
    """Run steps through warm executors."""
    job = Job(
        command=("sh", "-c", "echo x >/out/x"),
        script=None,
        variables={"PATH": programs},
        closure=farm,
        shell=f"{programs}/sh",
        inputs=None,
        trees={},
        outputs={"x": "x"},
        limits=Limits(),
    )
    slots = [Bubblewrap(work) for _ in range(SLOTS)]
    for slot in slots:
        slot.run(job, Nothing(), Nothing())

    def run(steps: int) -> None:
        def serve(slot: Bubblewrap) -> None:
            for _ in range(steps // SLOTS):
                assert slot.run(job, Nothing(), Nothing()).exit_code == 0

        threads = [threading.Thread(target=serve, args=(slot,)) for slot in slots]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run


def command(farm: Path, programs: str, options: str, out: str) -> str:
    """Write a bare bubblewrap's command line."""
    view = f"--ro-bind {farm} /nix/store --proc /proc --dev /dev --tmpfs /tmp --bind {out} /out"
    run = f"{programs}/sh -c 'echo x >/out/$$'"
    return f"{binary.find().path} {options} {view} --chdir /tmp -- {run}"


def xargs(line: str) -> Callable[[int], None]:
    """Start bare bubblewraps from one small C program."""

    def run(steps: int) -> None:
        numbers = "\n".join(str(number) for number in range(steps))
        subprocess.run(
            ["xargs", "-P", str(SLOTS), "-I", "{}", "sh", "-c", f"exec {line}"],
            input=numbers,
            text=True,
            check=True,
        )

    return run


def ninja(work: Path, line: str) -> Callable[[int], None]:
    """Have ninja start bare bubblewraps."""
    place = work / f"ninja-{len(list(work.iterdir()))}"
    place.mkdir()

    def run(steps: int) -> None:
        escaped = line.replace("$", "$$")
        rules = [f"rule step\n  command = {escaped} && : >$out"]
        rules += [f"build done{number}: step" for number in range(steps)]
        (place / "build.ninja").write_text("\n".join(rules) + "\n")
        for left in [*place.glob("done*"), *place.glob(".ninja*")]:
            left.unlink()
        subprocess.run(
            ["ninja", "--quiet", "-j", str(SLOTS), "-C", place], check=True, capture_output=True
        )

    return run


def main() -> None:
    """Print the median of each way, and its ratio to ninja with a plain bubblewrap."""
    steps, rounds = (int(word) for word in (sys.argv[1:] + ["300", "5"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        work.chmod(0o755)
        farm, programs = stage(work)
        (work / "out").mkdir()
        plain = command(farm, programs, PLAIN, f"{work}/out")
        ours = command(farm, programs, OURS, f"{work}/out")
        ways = {"executor": executor(work, farm, programs), "xargs + bwrap": xargs(plain)}
        if shutil.which("ninja"):
            ways["ninja + bwrap"] = ninja(work, plain)
            ways["ninja + bwrap, our flags"] = ninja(work, ours)
        report(ways, steps, rounds)


def report(ways: dict[str, Callable[[int], None]], steps: int, rounds: int) -> None:
    """Time all ways in turn and print them."""
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, run in ways.items():
            began = time.perf_counter()
            run(steps)
            times[way].append((time.perf_counter() - began) * 1000 / steps)
    base = "ninja + bwrap" if "ninja + bwrap" in ways else "xargs + bwrap"
    for way, taken in times.items():
        ratio = statistics.median(
            mine / theirs for mine, theirs in zip(taken, times[base], strict=True)
        )
        print(f"{way:26} {statistics.median(taken):6.2f} ms/step  {ratio:5.2f} x {base}")


if __name__ == "__main__":
    main()
