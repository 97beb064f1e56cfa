"""Cgroup: exact memory and process limits where this machine's cgroup v2 is delegated to us.

The kernel then counts what a watchdog can only sample. Each slot gets a cgroup with its executor
in it, and what the executor starts is born there. Where nothing is delegated (a login shell, most
containers, cgroup v1) `delegated` returns None and the watchdog stands alone; it runs in any case.

    PLACE/engine          this process: a cgroup with children may hold no process itself
    PLACE/slot-PID-N      an executor and its step
"""

import contextlib
import itertools
import os
from pathlib import Path
from typing import Final

_CONTROLLERS: Final = frozenset({"memory", "pids"})
_ENGINE: Final = "engine"
_EXECUTOR_MEMORY: Final = 32 * 1024 * 1024  # bytes the executor and bubblewrap take beside a step
_EXECUTOR_PROCESSES: Final = 8  # executor, bubblewrap twice, and room for those just ending
_numbers = itertools.count()


def delegated(root: Path = Path("/")) -> Path | None:
    """Return the cgroup we may divide, or None; `root` holds its sys/ and proc/."""
    hierarchy = root / "sys/fs/cgroup"
    if not (hierarchy / "cgroup.controllers").exists():
        hierarchy = hierarchy / "unified"
    try:
        place = hierarchy / _own(root / "proc/self/cgroup")
        controllers = set((place / "cgroup.controllers").read_text().split())
        processes = (place / "cgroup.procs").read_text().split()
    except (OSError, StopIteration):
        return None
    alone = all(process == str(os.getpid()) for process in processes)
    writable = all(
        os.access(place / name, os.W_OK) for name in (".", "cgroup.procs", "cgroup.subtree_control")
    )
    return place if alone and writable and controllers >= _CONTROLLERS else None


def _own(listing: Path) -> str:
    """Return our cgroup below the hierarchy; once divided, the one above the engine's leaf."""
    line = next(line for line in listing.read_text().splitlines() if line.startswith("0::"))
    own = Path(line.removeprefix("0::/"))
    return str(own.parent if own.name == _ENGINE else own)


class Cgroup:
    """The cgroup of one slot."""

    def __init__(self, place: Path) -> None:
        """Divide `place` and make a slot's cgroup in it.

        Raises: OSError when the kernel does not let us after all.
        """
        engine = place / _ENGINE
        engine.mkdir(exist_ok=True)
        (engine / "cgroup.procs").write_text(str(os.getpid()))
        (place / "cgroup.subtree_control").write_text("+memory +pids")
        self._path = place / f"slot-{os.getpid()}-{next(_numbers)}"
        self._path.mkdir()

    def adopt(self, process: int) -> None:
        """Move a process here; what it starts from now on is born here."""
        (self._path / "cgroup.procs").write_text(str(process))

    def limit(self, memory: int, processes: int) -> None:
        """Set the limits of the next step: bytes, and a number of processes."""
        self._set("memory.max", memory + _EXECUTOR_MEMORY)
        self._set("memory.swap.max", 0)
        self._set("pids.max", processes + _EXECUTOR_PROCESSES)

    def kills(self) -> int:
        """Return how many processes the kernel has ended here for want of memory."""
        for line in (self._path / "memory.events").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
        return 0

    def remove(self) -> None:
        """Give it back; call it when its processes have ended."""
        with contextlib.suppress(OSError):
            self._path.rmdir()

    def _set(self, name: str, value: int) -> None:
        file = self._path / name
        if file.exists():  # memory.swap.max is not there without swap accounting
            file.write_text(str(value))


def open_cgroup() -> Cgroup | None:
    """Make a slot's cgroup where that is possible."""
    place = delegated()
    if place is None:
        return None
    try:
        return Cgroup(place)
    except OSError:
        return None  # a kernel that says no here leaves us the watchdog, and the tier says so
