"""Nothing to do: a run whose every step was done before, by the program as a whole process.

The steps are one step scattered; the peers have as many targets that are up to date.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from bench import ours
from bench.contest import Times, contest
from bench.ours import Tally
from bench.process import Command, Spent
from bench.row import Row, Target, at_most
from bench.setting import Setting

PART = "nothing"
_DODO = """\
DOIT_CONFIG = {{"default_tasks": ["work"], "verbosity": 0}}
def task_work():
    for number in range({count}):
        yield {{"name": str(number), "actions": [f"echo {{number}} >out/{{number}}"],
               "targets": [f"out/{{number}}"], "uptodate": [True]}}
"""
_SNAKEFILE = """\
rule all:
    input: expand("out/{{number}}", number=range({count}))
rule work:
    output: "out/{{number}}"
    shell: "echo {{wildcards.number}} >{{output}}"
"""
_TARGETS: dict[str, Target | None] = {
    "doit": at_most(0.3), "snakemake": at_most(0.1), "make": None, "ninja": None,
}  # fmt: skip


def measure(setting: Setting) -> Iterator[Row]:
    """Measure one scattered step, all of it reused."""
    count = setting.size(10_000, 20)
    ways: dict[str, Callable[[], Spent]] = _ours(setting, count)
    variants = list(ways)[1:]
    for name, make in _PEERS.items():
        program = setting.peers.find(name)
        if program is not None:
            folder = setting.prepared(f"nothing-{name}-{count}", _maker(make, program, count))
            ways[name] = make(program, folder, count).spent
    times = contest(ways, setting.rounds)
    for name in [name for name in _PEERS if name in ways]:
        yield _row(f"{count} steps reused ÷ {name}", "tally", name, times, _TARGETS[name])
    for name in variants if "doit" in ways else ():
        yield _row(f"{count} steps reused, {name} ÷ doit", name, "doit", times)


def _row(what: str, ours: str, theirs: str, times: Times, target: Target | None = None) -> Row:
    return Row(PART, what, times.ratio(ours, theirs), "x", target, times.told(ours, theirs))


def _ours(setting: Setting, count: int) -> dict[str, Callable[[], Spent]]:
    """Return what runs the workflow once more, in a copy of a home where all of it was run.

    As people call it, from the second time on that nothing is to be done; with all of it printed;
    and the first time, when each step is looked for.
    """
    environment = setting.environments.path("one")

    def make(folder: Path) -> None:
        workflow = ours.write(folder / "w.yaml", environment, range(count), ours.SCATTER)
        Tally(folder / "home").run(workflow).output()

    folder = setting.scratch / "nothing"
    shutil.copytree(setting.prepared(f"nothing-tally-{count}", make), folder, symlinks=True)
    home = Tally(folder / "home")
    command = home.command("run", folder / "w.yaml", "--jobs", str(ours.JOBS))
    printed = home.run(folder / "w.yaml")
    told = json.loads(printed.output())  # what an older version recorded is done again, here
    again = json.loads(printed.output())
    if {step["status"] for step in again["steps"]} != {"reused"} or len(told["steps"]) != count:
        raise ValueError("not every step was reused")

    def looked_for() -> Spent:
        with closing(sqlite3.connect(home.home / "state.db")) as state, state:
            state.execute("DELETE FROM repeats")
        return command.spent()

    return {"tally": command.spent, "as JSON": printed.spent, "looked for": looked_for}


def _maker(
    make: Callable[[Path, Path, int], Command], program: Path, count: int
) -> Callable[[Path], None]:
    """Return what makes every target of a peer's project, so that it is up to date."""

    def prepare(folder: Path) -> None:
        (folder / "out").mkdir()
        for number in range(count):
            (folder / "out" / str(number)).write_text(f"{number}\n")
        make(program, folder, count).output()

    return prepare


def _doit(program: Path, folder: Path, count: int) -> Command:
    (folder / "dodo.py").write_text(_DODO.format(count=count))
    return Command((program,), folder)


def _snakemake(program: Path, folder: Path, count: int) -> Command:
    (folder / "Snakefile").write_text(_SNAKEFILE.format(count=count))
    home = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    return Command((program, "--cores", str(ours.JOBS), "--quiet", "all"), folder, home)


def _make(program: Path, folder: Path, count: int) -> Command:
    targets = [f"out/{number}" for number in range(count)]
    rules = "".join(f"{name}:\n\techo x >$@\n" for name in targets)
    (folder / "Makefile").write_text(f"all: {' '.join(targets)}\n{rules}")
    return Command((program, "-s"), folder)


def _ninja(program: Path, folder: Path, count: int) -> Command:
    rules = "".join(f"build out/{number}: r\n" for number in range(count))
    (folder / "build.ninja").write_text(f"rule r\n  command = echo x >$out\n{rules}")
    return Command((program, "--quiet"), folder)


_PEERS: dict[str, Callable[[Path, Path, int], Command]] = {
    "doit": _doit, "snakemake": _snakemake, "make": _make, "ninja": _ninja,
}  # fmt: skip
