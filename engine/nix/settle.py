"""Settling: trees get their names only when they are whole and durable, many with one flush.

Whoever finds a tree under its name may use it with no further look, so a name must never stand
for a tree that is half made, by a process that was killed or before a power cut. While a tree is
made the disk writes the one before, and while the last is waited for the caller does more.

>>> with Settling() as settling:                                         # doctest: +SKIP
...     settling.lock(locks / place.name)
...     settling.make(place, unpack_it)
...     settling.settle()
"""

import errno
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from threading import Thread
from typing import Final

from engine.durable import reached
from engine.errors import TallyError, Unavailable
from engine.filesystem import sync_all
from engine.folder import sync_names
from engine.locks import locked
from engine.nix.treewriter import remove

Maker = Callable[[Path], None]  # makes a tree where nothing is

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def _nothing() -> None:
    """Do nothing."""


class Settling(AbstractContextManager["Settling"]):
    """Trees of one file system on their way to their names. For one thread."""

    def __init__(self) -> None:
        self._made: list[Path] = []  # by the names they will have
        self._locks = ExitStack()
        self._flush: _Flush | None = None  # under way, or the last
        self._flushed = 0  # trees that were made when it began

    def lock(self, file: Path) -> None:
        """Hold a lock until this ends; who takes several takes them in one order everywhere."""
        self._locks.enter_context(locked(file))

    def make(self, place: Path, make: Maker) -> None:
        """Have `make` build a tree beside `place`, whose lock the caller holds until this ends.

        Raises: whatever `make` raises; Unavailable when the disk is full. Nothing of it is left
        then.
        """
        place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        part = unnamed(place)
        remove(part)  # of a process that was killed
        try:
            make(part)
        except BaseException as error:  # an interruption too: nothing half made stays behind
            remove(part)
            raise _translated(error, place) from None
        self._made.append(place)
        reached("tree.made")
        if self._flush is None or not self._flush.is_alive():
            self._begin()

    def _begin(self) -> "_Flush":
        """Begin a flush of all that was made."""
        self._flush = _Flush(self._made[0].parent, self._flush)
        self._flushed = len(self._made)
        self._flush.start()
        return self._flush

    def where(self, place: Path) -> Path:
        """Return where a tree is now."""
        return unnamed(place) if place in self._made else place

    def settle(self, meanwhile: Callable[[], None] = _nothing) -> None:
        """Make all that was made durable, and give it its names; `meanwhile` the caller does more.

        Raises: Unavailable when the disk is full; OSError when it fails; what `meanwhile` raises.
        """
        if not self._made:
            meanwhile()
            return
        try:
            covers = self._flushed == len(self._made)
            last = self._flush if covers and self._flush is not None else self._begin()
            meanwhile()
            last.result()
        except OSError as error:
            raise _translated(error, self._made[0]) from None
        reached("tree.synced")
        folders = {place.parent for place in self._made}
        while self._made:
            unnamed(self._made[-1]).rename(self._made[-1])
            self._made.pop()
            reached("tree.renamed")
        for folder in folders:
            sync_names(folder)
        reached("tree.named")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Keep what is whole when content was at fault, for the next time; else nothing."""
        try:
            if isinstance(error, TallyError):
                with suppress(OSError, Unavailable):
                    self.settle()
        finally:
            if self._flush is not None:
                self._flush.join()
            for place in self._made:
                remove(unnamed(place))
            self._locks.close()


class _Flush(Thread):
    """A flush of a file system, after the one before it."""

    def __init__(self, directory: Path, before: "_Flush | None") -> None:
        super().__init__()
        self._directory = directory
        self._before = before
        self._error: OSError | None = None

    def run(self) -> None:
        """Do it."""
        try:
            if self._before is not None:
                self._before.result()  # a failed write is told once, to whoever asks first
            sync_all(self._directory)
        except OSError as error:
            self._error = error

    def result(self) -> None:
        """Wait for it.

        Raises: OSError when it, or one before it, failed.
        """
        self.join()
        if self._error is not None:
            raise self._error


def settle(place: Path, make: Maker) -> None:
    """Have `make` build one tree and give it the name `place`, whose lock the caller holds.

    Raises: as Settling.
    """
    with Settling() as settling:
        settling.make(place, make)
        settling.settle()


def unnamed(place: Path) -> Path:
    """Return where a tree is while it has no name yet: the same directory, so that rename works."""
    return place.with_name(f".{place.name}.part")


def _translated(error: BaseException, place: Path) -> BaseException:
    if isinstance(error, OSError) and error.errno in _FULL:
        return Unavailable(
            "the disk is full",
            where=str(place.parent),
            fix="free some space, or run `tally gc`, then run the command again",
        )
    return error
