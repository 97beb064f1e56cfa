"""Content: files into a store and out of it, and an environment made from its blocks.

Every round begins with an empty store and an idle disk; what is added lies in memory already.
"""

import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bench import ours
from bench.contest import Times, contest
from bench.environments import nix_variables
from bench.machine import ROOT
from bench.ours import Tally
from bench.process import Command, Spent, ToldCommand
from bench.row import Row, Target, at_least, at_most
from bench.setting import Setting

PART = "content"
_MIB = 1024 * 1024
_BY_HAND = ROOT / "bench" / "programs" / "add_by_hand.py"
Way = Callable[[Path], Command]  # what to run in a new folder, which it may prepare


def measure(setting: Setting) -> Iterator[Row]:
    """Measure one large file, many small ones, and an environment."""
    large = setting.prepared(f"file-{setting.size(1024, 4)}", _large(setting.size(1024, 4)))
    yield from _add_large(setting, large / "file")
    yield from _get(setting, large / "file")
    count = setting.size(10_000, 50)
    yield from _add_small(setting, setting.prepared(f"small-{count}", _small(count)), count)
    yield from _materialise(setting)


def _add_large(setting: Setting, file: Path) -> Iterator[Row]:
    size = file.stat().st_size // _MIB
    ways: dict[str, Way] = {
        "tally": lambda folder: Tally(folder / "home").command("add", file),
        "by hand": lambda folder: _by_hand(file, folder),
        "by hand, synced": lambda folder: _by_hand(file, folder, "sync"),
    }
    nix = setting.peers.find("nix-store")
    if nix is not None:
        ways["nix-store"] = lambda folder: _nix_add(nix, file, folder)
    times = contest(_each_anew(setting, ways), setting.rounds)
    what = f"add {size} MiB"
    yield _speed(times, f"{what}, speed ÷ by hand", "by hand")
    yield _speed(times, f"{what}, speed ÷ by hand, synced", "by hand, synced", at_least(0.75))
    if nix is not None:
        yield _speed(times, f"{what}, speed ÷ nix-store --add", "nix-store", at_least(1.2))
    with setting.passing("peak") as folder:
        peak = ways["tally"](folder).peak() / _MIB
    yield Row(PART, f"{what}, memory", peak, "MiB", at_most(100))


def _get(setting: Setting, file: Path) -> Iterator[Row]:
    folder = setting.folder("get")
    tally = Tally(folder / "home")
    cid = tally.told("add", file)["cid"]
    ways: dict[str, Way] = {
        "tally": lambda place: tally.command("get", cid, place / "copy"),
        "cp": lambda place: Command(("cp", file, place / "copy"), place),
    }
    times = contest(_each_anew(setting, ways), setting.rounds)
    size = file.stat().st_size // _MIB
    yield _speed(times, f"get {size} MiB, verified, speed ÷ cp", "cp", at_least(0.8))
    shutil.rmtree(folder)


def _add_small(setting: Setting, files: Path, count: int) -> Iterator[Row]:
    ways: dict[str, Way] = {
        "tally": lambda folder: Tally(folder / "home").command("add", files / "files")
    }
    if (restic := setting.peers.find("restic")) is not None:
        ways["restic"] = lambda folder: _restic(restic, files / "files", folder)
    if (nix := setting.peers.find("nix-store")) is not None:
        ways["nix-store"] = lambda folder: _nix_add(nix, files / "files", folder)
    times = contest(_each_anew(setting, ways), setting.rounds)
    for peer in list(ways)[1:]:
        target = at_most(1.0 if peer == "restic" else 0.5)
        what = f"add {count} small files ÷ {peer}"
        told = times.told("tally", peer)
        yield Row(PART, what, times.ratio("tally", peer), "x", target, told)


def _materialise(setting: Setting) -> Iterator[Row]:
    name = "one" if setting.quick else "numpy"
    farm = setting.environments.farm(name)
    cid, bundle = _bundle(setting, name)
    program = (sys.executable, "-m", "bench.programs.materialise")

    def from_blocks(folder: Path) -> ToldCommand:
        Tally(folder / "home").command("import", bundle).output()
        return ToldCommand((*program, folder / "home", cid), ROOT)

    ways: dict[str, Way] = {
        "tally": from_blocks,
        "cp -r": lambda folder: Command(("cp", "-r", farm, folder / "copy"), folder),
    }
    times = contest(_each_anew(setting, ways), setting.rounds)
    yield _speed(
        times, f"environment '{name}' from its blocks, speed ÷ cp -r", "cp -r", at_least(0.5)
    )


def _bundle(setting: Setting, name: str) -> tuple[str, Path]:
    """Return the CID of an environment and a file that carries it."""
    tally = Tally(setting.folder("bundle") / "home")
    workflow = tally.home.parent / "w.yaml"
    ours.write(workflow, setting.environments.path(name), [0], ours.SCATTER)
    cid = tally.told("env", "build", workflow)["environments"]["env"]["environment"]
    bundle = setting.scratch / "environment.car"
    tally.command("export", cid, bundle).output()
    return cid, bundle


def _each_anew(setting: Setting, ways: Mapping[str, Way]) -> dict[str, Callable[[], Spent]]:
    """Return each way so that it begins with a new folder and all that was written on the disk."""

    def anew(make: Way) -> Callable[[], Spent]:
        def spent() -> Spent:
            with setting.passing("content") as folder:
                command = make(folder)
                os.sync()
                return command.spent()

        return spent

    return {name: anew(make) for name, make in ways.items()}


def _speed(times: Times, what: str, peer: str, target: Target | None = None) -> Row:
    told = times.told("tally", peer)
    return Row(PART, what, times.ratio(peer, "tally"), "x", target, told)


def _by_hand(file: Path, folder: Path, *how: str) -> Command:
    return Command((sys.executable, _BY_HAND, file, folder / "copy", *how), folder)


def _nix_add(program: Path, path: Path, folder: Path) -> Command:
    """Return what adds to a store of its own, as a second time is another thing."""
    words = (program, "--store", folder / "store", "--add", path)
    Command((program, "--store", folder / "store", "--init"), folder, nix_variables()).output()
    return Command(words, folder, nix_variables())


def _restic(program: Path, path: Path, folder: Path) -> Command:
    given = {"RESTIC_PASSWORD": "bench", "RESTIC_CACHE_DIR": str(folder / "cache")}
    words = (program, "-q", "-r", folder / "repository")
    Command((*words, "init"), folder, given).output()
    return Command((*words, "backup", path), folder, given)


def _large(mib: int) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        with (folder / "file").open("wb") as file:
            for _ in range(mib):
                file.write(os.urandom(_MIB))

    return make


def _small(count: int) -> Callable[[Path], None]:
    """Write files of up to 8 KiB, a hundred in a directory."""

    def make(folder: Path) -> None:
        draw = random.Random(1)
        for number in range(count):
            place = folder / "files" / str(number // 100) / f"{number}.dat"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(draw.randbytes(draw.randrange(1, 8192)))

    return make
