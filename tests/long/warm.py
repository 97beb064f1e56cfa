"""Warm: a process that has imported all of `tally` and forks one for each command.

A trial of the long suites is some commands of 0.1 s, which would take five times that if each had
to import itself. What is forked is a process of its own, that is killed, struck or given a wrong
clock as told (hurts.py); who asks may have several at once.

    with Warm() as warm:
        ended = warm.run(Command(["runs"], environ, place))
"""

import gc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.long.hurts import Hurts, begin, end, library

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120.0  # a command that takes longer hangs


@dataclass(frozen=True)
class Command:
    """A `tally` to be started, and what is to be done to it."""

    words: list[str]
    environ: dict[str, str]
    place: Path  # the directory it runs in
    hurts: Hurts = field(default_factory=Hurts)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    words: list[str]
    code: int  # as a shell has it, but -9 of one that was killed
    out: str
    err: str
    told: str  # what was counted, or struck
    seconds: float

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How often each moment and call came, of a command that was to count them."""
        return json.loads(self.told)

    @property
    def json(self) -> Any:
        """What it printed, of one that was given `-o json`."""
        return json.loads(self.out)

    def __str__(self) -> str:
        said = f"{self.out[-300:]}\n{self.err[-3000:]}\n{self.told[-500:]}".strip()
        return f"tally {' '.join(self.words)} ended with {self.code}\n{said}"


class Running:
    """A command that was started."""

    def __init__(self, warm: "Warm", command: Command, number: int, pid: int) -> None:
        self._warm = warm
        self._command = command
        self._began = time.monotonic()
        self.number = number
        self.pid = pid

    def kill(self) -> None:
        """End it as a power switch does, unless it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> Ended:
        """Return how it ended."""
        status = self._warm.status(self)
        out, err, told = (
            _read(_file(self._warm.folder, self.number, kind)) for kind in ("out", "err", "told")
        )
        seconds = time.monotonic() - self._began
        code = os.waitstatus_to_exitcode(status)
        return Ended(self._command.words, code, out, err, told, seconds)


class Warm(AbstractContextManager["Warm"]):
    """The process, from the side of who asks it."""

    def __init__(self) -> None:
        """Start it."""
        self.folder = Path(tempfile.mkdtemp(prefix="warm."))  # what commands print, meanwhile
        ours, theirs = socket.socketpair()
        shim = library()
        environ = os.environ | ({"LD_PRELOAD": str(shim)} if shim else {})
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.long.warm", str(theirs.fileno())],
            cwd=ROOT,
            env=environ | {"PYTHONPATH": str(ROOT)},
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        # two files: one for both forgets what it has read ahead when it writes
        self._orders, self._told = ours.makefile("w"), ours.makefile("r")
        ours.settimeout(PATIENCE_S)
        self._socket = ours
        self._numbers = 0
        self._pids: dict[int, int] = {}
        self._statuses: dict[int, int] = {}

    def start(self, command: Command) -> Running:
        """Start a command."""
        self._numbers += 1
        order = asdict(command) | {"place": str(command.place), "number": self._numbers}
        order["folder"] = str(self.folder)
        self._orders.write(json.dumps(order) + "\n")
        self._orders.flush()
        while self._numbers not in self._pids:
            self._hear()
        return Running(self, command, self._numbers, self._pids[self._numbers])

    def run(self, command: Command) -> Ended:
        """Run a command to its end."""
        return self.start(command).wait()

    def status(self, running: Running) -> int:
        """Return the wait status of a command, when it has ended."""
        try:
            while running.number not in self._statuses:
                self._hear()
        except TimeoutError:
            running.kill()
            raise AssertionError(f"it hangs: {running._command.words}") from None
        return self._statuses.pop(running.number)

    def _hear(self) -> None:
        told = json.loads(self._told.readline())
        if "pid" in told:
            self._pids[told["number"]] = told["pid"]
        else:
            self._statuses[told["number"]] = told["status"]
            del self._pids[told["number"]]

    def __exit__(self, *raised: object) -> None:
        """Let it end."""
        self._socket.close()
        self._orders.close()
        self._told.close()
        self._process.wait()
        shutil.rmtree(self.folder)


def _file(folder: Path, number: int, kind: str) -> Path:
    return folder / f"{number}.{kind}"


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return ""
    finally:
        path.unlink(missing_ok=True)


# ---- the process itself


def _serve(end_of: socket.socket) -> None:
    """Fork for each order that comes, and tell of each child's end, until nobody asks."""
    stream, orders = end_of.makefile("w"), end_of.makefile("r")
    numbers: dict[int, int] = {}
    waking, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    import select

    while True:
        ready, _, _ = select.select([end_of, waking], [], [])
        if waking in ready:
            os.read(waking, 4096)
            _reap(numbers, stream)
        if end_of in ready:
            line = orders.readline()  # one order at a time: who asks waits for the answer
            if not line:
                return
            _fork(json.loads(line), numbers, stream)


def _fork(order: dict[str, Any], numbers: dict[int, int], stream: Any) -> None:
    pid = os.fork()
    if not pid:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _become(order)
    numbers[pid] = order["number"]
    stream.write(json.dumps({"number": order["number"], "pid": pid}) + "\n")
    stream.flush()


def _reap(numbers: dict[int, int], stream: Any) -> None:
    while numbers:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        stream.write(json.dumps({"number": numbers.pop(pid), "status": status}) + "\n")
        stream.flush()


def _become(order: dict[str, Any]) -> None:
    """Be the `tally` that was ordered. Does not return."""
    folder, number = Path(order["folder"]), order["number"]
    code: Any = 99
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as of a process that has not begun with Python
    try:
        for descriptor, kind in ((1, "out"), (2, "err")):
            opened = os.open(_file(folder, number, kind), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(opened, descriptor)
            os.close(opened)
        os.environ.clear()
        os.environ.update(order["environ"])
        os.chdir(order["place"])
        sys.argv = ["tally", *order["words"]]  # for --detach
        from cli.start import run

        listening = begin(Hurts(**order["hurts"]), _file(folder, number, "told"))
        try:
            code = run(order["words"])
        except SystemExit as ended:  # of `tally shell`
            code = ended.code
        end(listening)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _main() -> None:
    import importlib

    from cli.main import COMMANDS

    for entry in COMMANDS.values():
        importlib.import_module(entry.module)
    for name in PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))


# what commands import when they are called
PRELOADED = (
    "cli.execute",
    "cli.livelog",
    "cli.planview",
    "cli.prepare",
    "cli.repeat",
    "cli.runview",
    "engine.bundle",
    "engine.collection",
    "engine.database",
    "engine.nix.capture",
    "engine.nix.closure",
    "engine.nix.realise",
    "engine.rerun",
    "engine.store.add",
    "cli.mend",
    "engine.checkup",
    "engine.store.fsck",
    "engine.store.gc",
    "engine.store.get",
    "rich.console",
)

if __name__ == "__main__":
    _main()
