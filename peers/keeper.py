"""Keeper: keeps content that is needed for others, and lets go of the rest.

A process that runs for long has put much that nobody needs any more. Every RENEW_MS the store is
told what is still needed, or cached; what is over the quota goes, and now and then all that
nobody needs is swept. It takes long, so it has a thread of its own.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Final, Protocol

from engine.clock import Clock
from engine.content.cid import Cid
from engine.errors import Damaged, Unavailable
from peers.book import Book
from peers.cache import Cached, to_drop

RENEW_MS: Final = 600_000  # what was put or held is kept for so long without being named
COLLECT_MS: Final = 24 * 3600 * 1000


class Leased(Protocol):
    """A store of which some may be collected."""

    def has_many(self, cids: list[Cid]) -> set[Cid]:
        """Return which are here."""
        ...

    def move_lease(self, cids: Iterable[Cid]) -> None:
        """Keep these, and what was put or held since this was last called."""
        ...


class Keeper:
    """What is kept of a home's store for others."""

    def __init__(
        self,
        store: Leased,
        book: Book,
        let_go: Callable[[Cid], None],
        collect: Callable[[], None],
        quota: int,
        clock: Clock,
    ) -> None:
        """Keep up to `quota` bytes cached; `let_go` is told of each environment that goes.

        `collect` deletes what nothing needs.
        """
        self._store = store
        self._book = book
        self._let_go = let_go
        self._collect = collect
        self._quota = quota
        self._clock = clock
        self._noted: dict[Cid, Cached] = {}  # used since the last time
        self._lock = Lock()  # over that
        self._due = 0  # collections
        self._collected_ms = clock.monotonic_ms()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keeper")

    def note(self, root: Cid, size: int, *, is_environment: bool = False) -> None:
        """Note that something is used; from any thread."""
        with self._lock:
            self._noted[root] = Cached(root, is_environment, size)

    def renew(self, needed: frozenset[Cid]) -> "Future[None]":
        """Have these kept, and what is cached; soon."""
        return self._thread.submit(self._renew, needed)

    def close(self) -> None:
        """Wait for what is under way."""
        self._thread.shutdown(cancel_futures=True)
        self._note_down()

    def _renew(self, needed: frozenset[Cid]) -> None:
        self._note_down()
        cached = self._cached()
        gone = to_drop(cached, needed, self._quota)
        kept = {one.root for one in cached} - {one.root for one in gone}
        self._store.move_lease(needed | kept)
        self._drop(gone)
        if gone:
            self._due = 2  # what was put lately goes the second time
        elif self._clock.monotonic_ms() - self._collected_ms >= COLLECT_MS:
            self._due = max(self._due, 1)
        if self._due:
            self._collected_ms = self._clock.monotonic_ms()
            self._collect()
            self._due -= 1

    def _cached(self) -> list[Cached]:
        """Return what is cached and still here, the last used first."""
        query = "SELECT root, is_environment, size FROM cached ORDER BY used_ms DESC"
        rows = [Cached(Cid(root), bool(kind), size) for root, kind, size in self._book.rows(query)]
        here = self._store.has_many([row.root for row in rows])
        self._forget(row.root for row in rows if row.root not in here)
        return [row for row in rows if row.root in here]

    def _note_down(self) -> None:
        with self._lock:
            noted, self._noted = self._noted, {}
        now_ms = self._clock.now_ms()
        with self._book.change() as change:
            change.executemany(
                "INSERT OR REPLACE INTO cached VALUES (?, ?, ?, ?)",
                [(one.root.raw, one.is_environment, one.size, now_ms) for one in noted.values()],
            )

    def _drop(self, gone: list[Cached]) -> None:
        for one in gone:
            if one.is_environment:
                try:
                    self._let_go(one.root)
                except (Unavailable, Damaged):
                    continue  # it is tried again the next time
        self._forget(one.root for one in gone)

    def _forget(self, roots: Iterable[Cid]) -> None:
        rows = [(root.raw,) for root in roots]
        if rows:
            with self._book.change() as change:
                change.executemany("DELETE FROM cached WHERE root = ?", rows)
