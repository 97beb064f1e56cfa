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
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
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
        self._flushing = ThreadPoolExecutor(1)
        self._flushes: list[Future[None]] = []  # an error is told by one of them alone

    def lock(self, file: Path) -> None:
        """Hold a lock until this ends; who takes several takes them in one order everywhere."""
        self._locks.enter_context(locked(file))

    def make(self, place: Path, make: Maker) -> None:
        """Have `make` build a tree beside `place`, whose lock the caller holds until this ends.

        Raises: whatever `make` raises; Unavailable when the disk is full. Nothing of it is left
        then.
        """
        place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        part = partial(place)
        remove(part)  # of a process that was killed
        try:
            make(part)
        except BaseException as error:  # an interruption too: nothing half made stays behind
            remove(part)
            raise _translated(error, place) from None
        self._made.append(place)
        reached("tree.made")
        if not self._flushes or self._flushes[-1].done():
            self._flush()

    def _flush(self) -> None:
        self._flushes.append(self._flushing.submit(sync_all, self._made[0].parent))

    def where(self, place: Path) -> Path:
        """Return where a tree is now."""
        return partial(place) if place in self._made else place

    def settle(self, meanwhile: Callable[[], None] = _nothing) -> None:
        """Make all that was made durable, and give it its names; `meanwhile` the caller does more.

        Raises: Unavailable when the disk is full; OSError when it fails; what `meanwhile` raises.
        """
        if not self._made:
            meanwhile()
            return
        try:
            self._flush()
            meanwhile()
            for flush in self._flushes:
                flush.result()
        except OSError as error:
            raise _translated(error, self._made[0]) from None
        reached("tree.synced")
        folders = {place.parent for place in self._made}
        while self._made:
            partial(self._made[-1]).rename(self._made[-1])
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
            self._flushing.shutdown(cancel_futures=True)
            for place in self._made:
                remove(partial(place))
            self._locks.close()


def settle(place: Path, make: Maker) -> None:
    """Have `make` build one tree and give it the name `place`, whose lock the caller holds.

    Raises: as Settling.
    """
    with Settling() as settling:
        settling.make(place, make)
        settling.settle()


def partial(place: Path) -> Path:
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
