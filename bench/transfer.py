"""Transfer: content from one peer to another, beside bare ZeroMQ that moves the same bytes.

Both are two programs on loopback with CURVE. Of ours, all is on: the sockets in processes of their
own, every block checked by both, and the end is when all is durable. What is timed is the fetch
alone, as a peer is there long before. Memory is that of each peer with its network process.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench import samples
from bench.contest import contest
from bench.idle import idle
from bench.machine import ROOT
from bench.ours import Tally
from bench.process import Failed, Spent, held, used
from bench.row import Row, Target, at_least, at_most
from bench.setting import Setting
from peers.keyring import Keyring

PART = "transfer"
_MIB: Final = 1024 * 1024
_LOOK_S: Final = 0.02
_RAW: Final = (sys.executable, "-m", "bench.programs.raw_curve")
_OURS: Final = (sys.executable, "-m", "bench.programs.transfer")
_SPEED: Final = at_least(0.5)


def measure(setting: Setting) -> Iterator[Row]:
    """Measure one large file, and many small ones."""
    large = samples.large(setting, setting.size(1024, 4))
    yield from _content(setting, large, f"{large.stat().st_size // _MIB} MiB", _SPEED)
    count = setting.size(10_000, 50)
    yield from _content(setting, samples.small(setting, count), f"{count} small files", None)


def _content(setting: Setting, path: Path, what: str, target: Target | None) -> Iterator[Row]:
    source = setting.folder("source")
    cid = Tally(source).told("add", path)["cid"]

    def ours(watch: "Watch") -> Spent:
        with setting.passing("taker") as home:
            asker = str(Keyring(home / "peer").identity().peer)
            return _pair((*_OURS, "give", source, cid, asker), (*_OURS, "take", home, cid), watch)

    def raw(*, kept: bool) -> Spent:
        with setting.passing("kept") as folder:
            file = folder / "file" if kept else ""
            return _pair((*_RAW, "give", path), (*_RAW, "take", file), Watch())

    ways: dict[str, Callable[[], Spent]] = {
        "peers": lambda: ours(Watch()),
        "bare": lambda: raw(kept=False),
        "bare, kept": lambda: raw(kept=True),
    }
    times = contest(ways, setting.rounds)
    named = {"bare": "bare ZeroMQ with CURVE", "bare, kept": "the same, hashed and durable"}
    for way, name in named.items():
        told = f"{times.told('peers', way)}, quickest {times.quickest(way, 'peers'):.3g} x"
        wanted = target if way == "bare" else None
        yield Row(PART, f"{what}, speed ÷ {name}", times.ratio(way, "peers"), "x", wanted, told)
    watch = Watch(looks=True)
    ours(watch)
    for who, peak in (("gives", watch.gives), ("takes", watch.takes)):
        yield Row(PART, f"{what}, memory of who {who}", peak / _MIB, "MiB", at_most(200))


class Watch:
    """Looks at how much memory two programs hold, if it `looks`."""

    def __init__(self, *, looks: bool = False) -> None:
        self._looks = looks
        self.gives = self.takes = 0  # bytes, the most so far

    def until(self, ended: threading.Event, giver: int, taker: int) -> None:
        """Look until the work is done."""
        while self._looks and not ended.wait(_LOOK_S):
            self.gives = max(self.gives, held(giver))
            self.takes = max(self.takes, held(taker))


def _pair(give: tuple[object, ...], take: tuple[object, ...], watch: Watch) -> Spent:
    """Have one program give and another take; return what that took both."""
    idle()
    giver = _started(give)
    try:
        where = json.loads(_line(giver))
        began = used(giver.pid)
        more = where if take[: len(_RAW)] == _RAW else [json.dumps(where)]
        taker = _started((*take, *more))
        ended = threading.Event()
        watching = threading.Thread(target=watch.until, args=(ended, giver.pid, taker.pid))
        watching.start()
        try:
            told = json.loads(_line(taker))
        finally:
            ended.set()
            watching.join()
            taker.wait()
        return Spent(told["seconds"], told["processor"] + used(giver.pid) - began)
    finally:
        giver.kill()
        giver.wait()


def _started(words: tuple[object, ...]) -> "subprocess.Popen[str]":
    command = [str(word) for word in words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _line(process: "subprocess.Popen[str]") -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise Failed(f"{process.args} ended with {process.wait()}")
    return line
