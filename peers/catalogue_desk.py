"""CatalogueDesk: has the catalogue's file read and written beside the node's thread.

One thing is done at a time: what is to be written is gathered meanwhile. What cannot be done, as on
a full disk, is said, and that is all: what others said can be had from them again.

>>> desk.keep(Kept(posting, source)); desk.tick(now_ms, wall_ms)         # doctest: +SKIP
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final

from peers.catalogue_file import Kept
from peers.catalogue_keeper import CatalogueKeeper, Seen
from peers.mistake import contained
from peers.posting import Key, key_of
from peers.saying import Say
from peers.wake import Wake

LOOK_MS: Final = 10_000  # between two looks at the file that nobody asked for
MAX_WAITING: Final = 20_000  # to be written, on a disk that is full: as many as there can be


class CatalogueDesk:
    """One file, for one node. For the node's thread."""

    def __init__(
        self, keeper: CatalogueKeeper, wake: Wake, log: Say, seen: Callable[[Seen], None]
    ) -> None:
        """Call `seen` with what is new in the file."""
        self._keeper = keeper
        self._wake = wake
        self._log = log
        self._seen = seen
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="catalogue")
        self._kept: list[Kept] = []  # to be written
        self._gone: list[Key] = []  # to be struck out, before that
        self._is_busy = False
        self._look_ms: int | None = None  # when it was last looked at

    def keep(self, kept: Kept) -> None:
        """Write something down soon."""
        if len(self._kept) < MAX_WAITING:
            self._kept.append(kept)

    def drop(self, keys: Sequence[Key]) -> None:
        """Strike something out soon."""
        dropped = {*keys}
        self._kept = [kept for kept in self._kept if key_of(kept.posting) not in dropped]
        if len(self._gone) < MAX_WAITING:
            self._gone += keys

    def hurry(self) -> None:
        """Look at the file soon: another process has written to it."""
        self._look_ms = None

    def tick(self, now_ms: int, wall_ms: int) -> None:
        """Do what is to be done, by the monotonic clock and that on the wall."""
        if self._is_busy:
            return
        kept, gone = self._taken()
        is_looking = self._look_ms is None or now_ms >= self._look_ms + LOOK_MS
        if is_looking:
            self._look_ms = now_ms
        if is_looking or kept or gone:
            self._is_busy = True
            job = partial(self._keeper.work, kept, gone, wall_ms if is_looking else None)
            outcome = self._thread.submit(job)
            outcome.add_done_callback(lambda done: self._wake(partial(self._done, done)))

    def close(self) -> None:
        """Write what is to be written, and close the file."""
        self._thread.submit(self._keeper.work, *self._taken(), None)
        self._thread.submit(self._keeper.close)
        self._thread.shutdown()

    def _taken(self) -> tuple[tuple[Kept, ...], tuple[Key, ...]]:
        kept, gone = tuple(self._kept), tuple(self._gone)
        self._kept, self._gone = [], []
        return kept, gone

    def _done(self, done: "Future[Seen | None]") -> None:
        self._is_busy = False
        error = done.exception()
        if error is not None:
            self._log("catalogue", why=contained(error).what)
        elif (seen := done.result()) is not None:
            self._seen(seen)
