"""Content: files into a store and out of it, and an environment made from its blocks.

What is compared, whole processes from outside with their start, unless said otherwise:

- `add` returns when all is durable. So it stands beside what is durable too: by hand with an
  fsync, `nix-store` with `sync-before-registering`, restic. Without a target it also stands
  beside those that leave the data to the system.
- `get` and `cp` both leave the data to the system.
- An environment: the work alone, without the start, from blocks that an `import` left in memory,
  until a step could start, durable; beside `cp -r` of the same trees, and `cp -r` with a sync.

Every round begins with a new store, an idle disk and memory that is there (idle.py); what is read
lies in memory already. Of every way its median is told, and the ratio of the quickest rounds:
what a machine would show that does nothing else. What has many files is not removed before the
end: ext4 without a journal gives no inode away again for minutes after it was freed, and looks at
each of those whenever it makes a file, which then takes 0.7 ms and not 0.02.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from bench import adders, ours, samples
from bench.contest import Times, contest
from bench.idle import idle
from bench.machine import ROOT
from bench.ours import Tally
from bench.process import Command, Spent, ToldCommand
from bench.row import Row, Target, at_least, at_most
from bench.setting import Setting

PART = "content"
_MIB = 1024 * 1024
Way = Callable[[Path], Command]  # what to run in a new folder, which it may prepare
Given = Callable[[str], AbstractContextManager[Path]]  # a new folder by its name


def measure(setting: Setting) -> Iterator[Row]:
    """Measure one large file, many small ones, and an environment."""
    large = samples.large(setting, setting.size(1024, 4))
    yield from _add_large(setting, large)
    yield from _get(setting, large, f"{large.stat().st_size // _MIB} MiB")
    count = setting.size(10_000, 50)
    small = samples.small(setting, count)
    yield from _add_small(setting, small, count)
    yield from _get(setting, small, f"{count} small files")
    yield from _materialise(setting)
    if setting.large:
        yield from _memory(setting, setting.size(10_240, 8))


def _add_large(setting: Setting, file: Path) -> Iterator[Row]:
    ways: dict[str, Way] = {
        "tally": lambda folder: Tally(folder / "home").command("add", file),
        "by hand": lambda folder: adders.by_hand(file, folder, synced=False),
        "by hand, synced": lambda folder: adders.by_hand(file, folder, synced=True),
    }
    if (nix := setting.peers.find("nix-store")) is not None:
        ways["nix-store --add"] = lambda folder: adders.nix(nix, file, folder, synced=False)
        ways["nix-store --add, synced"] = lambda folder: adders.nix(nix, file, folder, synced=True)
    times = contest(_each_anew(setting.passing, ways), setting.rounds)
    targets = {"by hand, synced": at_least(0.75), "nix-store --add, synced": at_least(1.2)}
    what = f"add {file.stat().st_size // _MIB} MiB"
    for peer in list(ways)[1:]:
        yield _speed(times, f"{what}, speed ÷ {peer}", peer, targets.get(peer))
    yield _peak(setting, f"{what}, memory", ways["tally"])


def _get(setting: Setting, path: Path, what: str) -> Iterator[Row]:
    folder = setting.folder("get")
    tally = Tally(folder / "home")
    cid = tally.told("add", path)["cid"]
    ways: dict[str, Way] = {
        "tally": lambda place: tally.command("get", cid, place / "copy"),
        "cp": lambda place: Command(("cp", "-r", path, place / "copy"), place),
    }
    given = setting.passing if path.is_file() else setting.lasting
    times = contest(_each_anew(given, ways), setting.rounds)
    yield _speed(times, f"get {what}, verified, speed ÷ cp", "cp", at_least(0.8))
    yield _peak(setting, f"get {what}, memory", ways["tally"])
    if path.is_file():
        shutil.rmtree(folder)


def _add_small(setting: Setting, files: Path, count: int) -> Iterator[Row]:
    ways: dict[str, Way] = {"tally": lambda folder: Tally(folder / "home").command("add", files)}
    if (restic := setting.peers.find("restic")) is not None:
        ways["restic"] = lambda folder: adders.restic(restic, files, folder)
    if (nix := setting.peers.find("nix-store")) is not None:
        ways["nix-store"] = lambda folder: adders.nix(nix, files, folder, synced=False)
        ways["nix-store, synced"] = lambda folder: adders.nix(nix, files, folder, synced=True)
    if (casync := setting.peers.find("casync")) is not None:
        ways["casync"] = lambda folder: adders.casync(casync, files, folder)
    times = contest(_each_anew(setting.lasting, ways), setting.rounds)
    targets = {"restic": at_most(1.0), "nix-store, synced": at_most(0.5)}
    for peer in list(ways)[1:]:
        what = f"add {count} small files ÷ {peer}"
        told = f"{times.told('tally', peer)}, quickest {times.quickest('tally', peer):.3g} x"
        yield Row(PART, what, times.ratio("tally", peer), "x", targets.get(peer), told)


def _materialise(setting: Setting) -> Iterator[Row]:
    name = "one" if setting.quick else "numpy"
    farm = setting.environments.farm(name)
    cid, bundle = _bundle(setting, name)
    program = (sys.executable, "-m", "bench.programs.materialise")
    copy = ("cp", "-r", farm, "copy")

    def from_blocks(folder: Path) -> ToldCommand:
        Tally(folder / "home").command("import", bundle).output()
        return ToldCommand((*program, folder / "home", cid), ROOT)

    ways: dict[str, Way] = {
        "tally": from_blocks,
        "cp -r": lambda folder: Command(copy, folder),
        "cp -r, synced": lambda folder: Command(
            ("sh", "-euc", '"$@"; sync -f .', "", *copy), folder
        ),
    }
    times = contest(_each_anew(setting.lasting, ways), setting.rounds)
    what = f"environment '{name}' from its blocks, speed"
    yield _speed(times, f"{what} ÷ cp -r", "cp -r", at_least(0.5))
    yield _speed(times, f"{what} ÷ cp -r, synced", "cp -r, synced")


def _bundle(setting: Setting, name: str) -> tuple[str, Path]:
    """Return the CID of an environment and a file that carries it."""
    tally = Tally(setting.folder("bundle") / "home")
    workflow = tally.home.parent / "w.yaml"
    ours.write(workflow, setting.environments.path(name), [0], ours.SCATTER)
    cid = tally.told("env", "build", workflow)["environments"]["env"]["environment"]
    bundle = setting.scratch / "environment.car"
    tally.command("export", cid, bundle).output()
    return cid, bundle


def _memory(setting: Setting, mib: int) -> Iterator[Row]:
    """Measure the memory that a very large file takes, which should not be more."""
    file = samples.large(setting, mib)
    with setting.passing("large") as folder:
        tally, told = Tally(folder / "home"), folder / "told"
        peak = tally.command("add", file, "-o", "json").peak(told) / _MIB
        yield Row(PART, f"add {mib} MiB, memory", peak, "MiB", at_most(100))
        cid = json.loads(told.read_text())["cid"]
        peak = tally.command("get", cid, folder / "copy").peak() / _MIB
        yield Row(PART, f"get {mib} MiB, memory", peak, "MiB", at_most(100))
    shutil.rmtree(file.parent)


def _each_anew(given: Given, ways: Mapping[str, Way]) -> dict[str, Callable[[], Spent]]:
    """Return each way so that it begins with a new folder on an idle machine."""

    def anew(make: Way) -> Callable[[], Spent]:
        def spent() -> Spent:
            with given("content") as folder:
                command = make(folder)
                idle()
                return command.spent()

        return spent

    return {name: anew(make) for name, make in ways.items()}


def _speed(times: Times, what: str, peer: str, target: Target | None = None) -> Row:
    told = f"{times.told('tally', peer)}, quickest {times.quickest(peer, 'tally'):.3g} x"
    return Row(PART, what, times.ratio(peer, "tally"), "x", target, told)


def _peak(setting: Setting, what: str, way: Way) -> Row:
    with setting.lasting("peak") as folder:
        return Row(PART, what, way(folder).peak() / _MIB, "MiB", at_most(100))
