"""Farms: the closures that steps of this machine have seen, and when each was last used.

Beside each farm is a stamp: a file made when the farm is whole, dated by its last use, and locked
(shared) by every process that uses the farm. It is removed first, by whoever can lock it alone.
"""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final

from engine.content.cid import Cid
from engine.durable import reached
from engine.folder import make_seen
from engine.locks import lock, locked
from engine.nix.settle import settle, unnamed
from engine.nix.treewriter import remove

STAMP: Final = ".used"


class Farms:
    """The directory work/closures. Safe for many threads and processes."""

    def __init__(self, work: Path) -> None:
        self._directory = work / "closures"
        self._locks = work / "locks"
        self._held: dict[Cid, int] = {}  # descriptors of the stamps that this process has locked
        self._lock = Lock()

    def use(self, cid: Cid) -> Path | None:
        """Return a farm, dated now and kept while this process lives; None when it is not here."""
        stamp = self._stamp(cid)
        with self._lock:
            if cid not in self._held:
                held = _hold(stamp)
                if held is None:
                    return None
                self._held[cid] = held
        os.utime(self._held[cid])
        return self._directory / str(cid)

    def add(self, cid: Cid, make: Callable[[Path], None]) -> Path:
        """Return a farm, made by `make(destination)` unless another process was faster.

        Raises: as settle.
        """
        while True:
            farm = self.use(cid)
            if farm is not None:
                return farm
            with locked(self._locks / str(cid)):
                if self._stamp(cid).exists():  # another process was faster
                    continue
                place = self._directory / str(cid)
                _remove(place)  # without its stamp it is not whole, or was found damaged
                make_seen(self._directory)
                settle(place, make)
                self._stamp(cid).touch()
                reached("farm.stamped")

    def all(self) -> dict[Cid, Path]:
        """Return the farms that are here, whole."""
        return {cid: self._directory / str(cid) for cid in self.last_used_ms()}

    def last_used_ms(self) -> dict[Cid, int]:
        """Return when each farm here was last asked for, in milliseconds since 1970."""
        stamps = self._directory.glob(f"*{STAMP}")
        return {
            Cid.parse(stamp.name.removesuffix(STAMP)): stamp.stat().st_mtime_ns // 1_000_000
            for stamp in stamps
        }

    def forget(self, cid: Cid) -> bool:
        """Remove a farm unless a process uses it; return whether it is gone."""
        stamp = self._stamp(cid)
        with locked(self._locks / str(cid)):
            if stamp.exists():
                with stamp.open("rb") as file:
                    if not lock(file.fileno(), wait=False):
                        return False
                    stamp.unlink()
                    reached("farm.unstamped")
            _remove(self._directory / str(cid))
            reached("farm.removed")
            return True

    def sweep(self) -> None:
        """Remove what killed processes left half made, or half removed."""
        for left in self._directory.glob(".*.part"):
            with locked(self._locks / left.name.removeprefix(".").removesuffix(".part")):
                remove(left)

    def release(self, cid: Cid) -> None:
        """Let others, and this process, remove a farm that it was given."""
        with self._lock:
            if cid in self._held:
                os.close(self._held.pop(cid))

    def close(self) -> None:
        """Let others remove what this process was given."""
        with self._lock:
            while self._held:
                os.close(self._held.popitem()[1])

    def _stamp(self, cid: Cid) -> Path:
        return self._directory / f"{cid}{STAMP}"


def _remove(place: Path) -> None:
    """Remove a farm that no process uses, and what one that was killed left of it."""
    remove(unnamed(place))
    if place.is_dir():  # all of it has the name, or nothing: steps may look into it
        place.rename(unnamed(place))
        reached("farm.hidden")
        remove(unnamed(place))


def _hold(stamp: Path) -> int | None:
    """Lock a stamp with others; return its descriptor, or None when it is not there."""
    try:
        descriptor = os.open(stamp, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    lock(descriptor, shared=True)
    if os.fstat(descriptor).st_nlink:  # it was not removed while we waited
        return descriptor
    os.close(descriptor)
    return None
