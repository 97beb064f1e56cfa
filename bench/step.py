"""Step: real steps in real sandboxes, from `tally run` to the last durable record.

Beside it is ninja, which has the same command run by a bare bubblewrap that sees the same closure,
and nix-build, which builds as many derivations in its sandbox. Ours takes up outputs, names and
stores them, and records each step durably besides; the others leave a file.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from bench import ours
from bench.contest import Times, contest
from bench.environments import nix_variables
from bench.ours import Tally
from bench.process import Command, Spent
from bench.row import Row, Target, at_most
from bench.setting import Setting

PART = "step"
_MIB = 1024 * 1024
_PLAIN = "--unshare-all --die-with-parent --new-session --clearenv"
_LIKE_OURS = (
    "--unshare-user --disable-userns --unshare-pid --unshare-net --unshare-ipc --unshare-uts "
    "--unshare-cgroup --uid 1000 --gid 1000 --cap-drop ALL --new-session --die-with-parent "
    "--clearenv"
)
_DERIVATIONS = """\
{{ salt }}: builtins.genList (number: derivation {{
  name = "step-${{toString number}}";
  system = "x86_64-linux";
  builder = "{busybox}/bin/sh";
  args = [ "-euc" "echo ${{toString number}} ${{salt}} >$out" ];
}}) {count}
"""
_SALTS = count(1)  # no step of one round is one of another


def measure(setting: Setting) -> Iterator[Row]:
    """Measure independent steps, closures of a hundred paths, a chain and a fan-in."""
    steps = setting.size(1000, 4)
    project = _Project(setting, steps)
    yield from _independent(setting, project, steps)
    yield from _against_ninja(setting, project, "chain", setting.size(200, 3))
    yield from _against_ninja(setting, project, "fan-in", steps)
    peak = project.run("one").peak() / _MIB
    yield Row(PART, f"{steps} steps, memory of the tree", peak, "MiB", at_most(150))


def _independent(setting: Setting, project: "_Project", steps: int) -> Iterator[Row]:
    ways = {"tally": project.timed("one"), "tally, 100 paths": project.timed("many")}
    ninja = _ninja(setting)
    if ninja is not None:
        ways["ninja + bwrap"] = lambda: ninja.independent(steps, _PLAIN).spent()
        ways["ninja + bwrap, our flags"] = lambda: ninja.independent(steps, _LIKE_OURS).spent()
    times = contest(ways, setting.rounds)
    told = _each(times, steps, "tally", "tally, 100 paths")
    paths = times.ratio("tally, 100 paths", "tally")
    yield Row(PART, f"{steps} steps, 100 paths ÷ 1 path", paths, "x", at_most(1.2), told)
    for name in list(ways)[2:]:
        target = at_most(1.3) if name == "ninja + bwrap" else None
        yield _row(times, f"{steps} steps", name, steps, target)
    yield from _against_nix(setting, project, steps)


def _against_nix(setting: Setting, project: "_Project", steps: int) -> Iterator[Row]:
    if setting.peers.find("nix-build") is None:
        return
    nix = _Nix(setting, steps)
    ways = {"tally": project.timed("one"), "nix-build": lambda: nix.build().spent()}
    times = contest(ways, min(2, setting.rounds))
    yield _row(times, f"{steps} steps", "nix-build", steps, at_most(0.3))


def _against_ninja(setting: Setting, project: "_Project", shape: str, steps: int) -> Iterator[Row]:
    """Compare a graph with ninja's, for information."""
    ways = {"tally": project.timed(shape)}
    if (ninja := _ninja(setting)) is not None:
        graph = {"chain": ninja.chain, "fan-in": ninja.fan_in}[shape]
        ways["ninja + bwrap"] = lambda: graph(steps).spent()
    times = contest(ways, min(3, setting.rounds))
    if ninja is None:
        yield Row(PART, f"{shape} of {steps}", 1000 * times.seconds("tally") / steps, "ms/step")
    else:
        yield _row(times, f"{shape} of {steps}", "ninja + bwrap", steps)


def _row(times: Times, what: str, peer: str, steps: int, target: Target | None = None) -> Row:
    told = _each(times, steps, "tally", peer)
    return Row(PART, f"{what} ÷ {peer}", times.ratio("tally", peer), "x", target, told)


def _each(times: Times, steps: int, *ways: str) -> str:
    return ", ".join(f"{way} {1000 * times.seconds(way) / steps:.2f} ms/step" for way in ways)


class _Project:
    """Our workflows, in a home that has their environments and none of their steps."""

    def __init__(self, setting: Setting, steps: int) -> None:
        folder = setting.folder("steps")
        self._tally = Tally(folder / "home")
        length = setting.size(200, 3)
        texts = {
            "one": ("one", ours.SCATTER),
            "many": ("many", ours.SCATTER),
            "fan-in": ("one", ours.SCATTER + ours.GATHER),
            "chain": ("one", ours.chain(length)),
        }
        self._files: dict[str, Path] = {}
        for name, (environment, text) in texts.items():
            path = setting.environments.path(environment)
            file = folder / f"{name}.yaml"
            self._files[name] = ours.write(file, path, range(steps), text)
            self._tally.command("env", "lock", file).output()

    def run(self, name: str) -> Command:
        """Return the command that runs all steps of a workflow once more."""
        return self._tally.run(self._files[name], "-p", f"salt={next(_SALTS)}")

    def timed(self, name: str) -> Callable[[], Spent]:
        """Return what times such a run."""
        return lambda: self.run(name).spent()


class _Ninja:
    """ninja, with a bare bubblewrap for each edge."""

    def __init__(self, setting: Setting, ninja: Path, bwrap: Path) -> None:
        self._setting, self._ninja, self._bwrap = setting, ninja, bwrap
        self._farm = setting.environments.farm("one")
        self._shell = f"{setting.environments.path('one')}/bin/sh"

    def independent(self, steps: int, flags: str) -> Command:
        """Return the command for steps that need nothing."""
        edges = (f"build out/{number}: step\n" for number in range(steps))
        return self._command("echo x >/$out", edges, flags)

    def chain(self, steps: int) -> Command:
        """Return the command for steps each of which reads the one before."""
        edges = (f"build out/{number}: step out/{number - 1}\n" for number in range(1, steps))
        return self._command("cat /dev/null $in >/$out", ("build out/0: step\n", *edges))

    def fan_in(self, steps: int) -> Command:
        """Return the command for steps that one more step reads."""
        edges = [f"build out/{number}: step\n" for number in range(steps)]
        parts = " ".join(f"out/{number}" for number in range(steps))
        return self._command("cat /dev/null $in >/$out", [*edges, f"build out/all: step {parts}\n"])

    def _command(self, script: str, edges: Iterator[str], flags: str = _PLAIN) -> Command:
        folder = self._setting.folder("ninja")
        (folder / "out").mkdir()
        view = f"--ro-bind {self._farm} /nix/store --proc /proc --dev /dev --tmpfs /tmp"
        shown = f"{view} --bind {folder}/out /out --chdir /"
        run = f"{self._shell} -c '{script}'"
        rule = f"rule step\n  command = {self._bwrap} {flags} {shown} -- {run}\n"
        (folder / "build.ninja").write_text(rule + "".join(edges))
        return Command((self._ninja, "--quiet", f"-j{ours.JOBS}"), folder)


def _ninja(setting: Setting) -> _Ninja | None:
    ninja, bwrap = setting.peers.find("ninja"), setting.peers.find("bwrap")
    return _Ninja(setting, ninja, bwrap) if ninja and bwrap else None


class _Nix:
    """nix-build, in a store of its own."""

    def __init__(self, setting: Setting, steps: int) -> None:
        self._folder = setting.folder("nix")
        busybox = setting.environments.path("busybox")
        text = _DERIVATIONS.format(busybox=f"${{builtins.storePath {busybox}}}", count=steps)
        (self._folder / "steps.nix").write_text(text)
        copied = ("nix", "copy", "--no-check-sigs", "--to", self._folder / "store", busybox)
        Command(copied, self._folder, nix_variables()).output()

    def build(self) -> Command:
        """Return the command that builds all of them once more."""
        where = ("--store", self._folder / "store", "--no-out-link", f"-j{ours.JOBS}")
        words = ("nix-build", "steps.nix", "--argstr", "salt", str(next(_SALTS)), *where)
        return Command(words, self._folder, nix_variables())
