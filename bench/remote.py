"""Remote: steps run by a peer of this machine, beside the same steps here, Dask and parsl.

Dispatch is what sending a step to a peer takes, signed both ways, with the sandbox left out: a
peer whose steps do nothing, a thousand of them less one of them, so that no start-up counts.
Everything runs on two cores, requester and provider too.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Final

from bench import ours
from bench.contest import Times, contest
from bench.environments import nix_variables
from bench.ours import PROGRAM, Tally
from bench.process import Command, Spent
from bench.row import Row, at_most
from bench.setting import Setting

PART = "remote"
_PROGRAMS: Final = Path(__file__).parent / "programs"
_NOOP: Final = (sys.executable, str(_PROGRAMS / "noop_peer.py"))
_START: Final = (*PROGRAM, "peer", "start")
_ALONE: Final = ("--no-lan", "--ipfs", "none")  # whatever else runs on this machine
_OPTIONS: Final = ("--listen", "127.0.0.1:0", *_ALONE, "--while-stdin", "-o", "json")
_SALTS = count(1)


def measure(setting: Setting) -> Iterator[Row]:
    """Measure whole steps on a peer, and dispatch alone."""
    steps = setting.size(1000, 4)
    with _Pair(setting, steps, _START) as pair:
        pair.here().spent()  # the environment is made, on both sides
        pair.there().spent()
        ways = {"here": lambda: pair.here().spent(), "on a peer": lambda: pair.there().spent()}
        times = contest(ways, setting.rounds)
        yield _row(times, f"{steps} steps, on a peer ÷ here", "on a peer", "here", steps, 1.5)
    with _Pair(setting, steps, _NOOP) as pair:
        pair.there().spent()
        yield from _dispatch(setting, pair, steps)


def _dispatch(setting: Setting, pair: "_Pair", steps: int) -> Iterator[Row]:
    ways = {"tally": pair.dispatched}
    for name in ("parsl", "distributed"):
        if (python := setting.peers.python(name)) is not None:
            ways[name] = _seconds_of(setting, python, name, steps)
    times = contest(ways, setting.rounds)
    if len(ways) == 1:
        yield Row(PART, "dispatch", 1000 * times.seconds("tally") / steps, "ms/step")
    if "parsl" in times:
        yield _row(times, "dispatch ÷ parsl HTEX", "tally", "parsl", steps, 0.4)
    if "distributed" in times:
        yield _row(times, "dispatch ÷ Dask distributed", "tally", "distributed", steps, None)


def _row(times: Times, what: str, mine: str, other: str, steps: int, most: float | None) -> Row:
    told = ", ".join(
        f"{way} {1000 * times.seconds(way) / steps:.2f} ms/step" for way in (mine, other)
    )
    target = at_most(most) if most is not None else None
    return Row(PART, what, times.ratio(mine, other), "x", target, told)


def _seconds_of(setting: Setting, python: Path, name: str, steps: int) -> Callable[[], Spent]:
    path = f"{python.parent}:{os.environ['PATH']}"  # parsl starts programs of its own
    program = _PROGRAMS / {"parsl": "noop_parsl.py", "distributed": "noop_dask.py"}[name]

    def spent() -> Spent:
        folder = setting.folder(name)
        words = (python, program, str(steps), folder)
        told = json.loads(Command(words, folder, {"PATH": path}).output())
        return Spent(told["seconds"], 0.0)

    return spent


class _Pair:
    """A requester, and a peer that runs steps for it."""

    def __init__(self, setting: Setting, steps: int, provider: tuple[str, ...]) -> None:
        self._folder = setting.folder("pair")
        self._tally = Tally(self._folder / "1")
        self._programs = (_START, provider)
        self._processes: list[subprocess.Popen[str]] = []
        path = setting.environments.path("one")
        self._all = ours.write(self._folder / "all.yaml", path, range(steps), ours.SCATTER)
        self._one = ours.write(self._folder / "one.yaml", path, range(1), ours.SCATTER)
        for file in (self._all, self._one):
            self._tally.command("env", "lock", file).output()

    def here(self) -> Command:
        """Return the command that runs all steps here."""
        return self._tally.run(self._all, "-p", f"salt={next(_SALTS)}")

    def there(self) -> Command:
        """Return the command that runs all steps on the peer."""
        return self._on_peers(self._all)

    def dispatched(self) -> Spent:
        """Run all steps, and one; return what all took more."""
        one, every = self._on_peers(self._one).spent(), self._on_peers(self._all).spent()
        return Spent(every.seconds - one.seconds, every.processor - one.processor)

    def __enter__(self) -> "_Pair":
        addresses = [self._start(number, words) for number, words in enumerate(self._programs, 1)]
        self._tally.command("peer", "add", addresses[1]).output()
        while all(one["state"] != "up" for one in self._tally.told("peer", "list")["peers"]):
            pass
        return self

    def __exit__(self, *raised: object) -> None:
        for process in self._processes:
            process.terminate()
            process.communicate()

    def _on_peers(self, file: Path) -> Command:
        return self._tally.run(file, "-p", f"salt={next(_SALTS)}", "--on", "peers")

    def _start(self, number: int, words: tuple[str, ...]) -> str:
        home = self._folder / str(number)
        home.mkdir(parents=True, exist_ok=True)
        with (home / "peer.log").open("a") as log:
            process = subprocess.Popen(
                [*words, "--home", str(home), "--lend-jobs", str(ours.JOBS), *_OPTIONS],
                env={**os.environ, **nix_variables()},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._processes.append(process)
        if process.stdout is None:
            raise ValueError("it was started with a pipe")
        address: str = json.loads(process.stdout.readline())["address"]
        return address
