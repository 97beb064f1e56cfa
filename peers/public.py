"""Public: whether anybody may have a block: one that was published, or that such a one leads to.

What was published is asked for again now and then. What it leads to is found when somebody asks
for what is not known yet, by reading public content and nothing else: neither the answer nor its
delay says whether something that is not public is here (ADR 0111).
"""

from collections.abc import Callable
from threading import Lock
from typing import Final

from engine.clock import Clock
from engine.content.cid import Cid
from engine.content.reader import Get
from engine.errors import TallyError
from peers.scope import Scope

LOOK_MS: Final = 500  # between two looks at what is published
AGAIN_MS: Final = 30_000  # between two looks for what is public and was not here
OPENED: Final = 64  # blocks read in one turn


class Public:
    """What is public of one store. For many threads."""

    def __init__(self, roots: Callable[[], frozenset[Cid]], get: Get, clock: Clock) -> None:
        self._find_roots = roots
        self._get = get
        self._clock = clock
        self._lock = Lock()
        self._roots: frozenset[Cid] = frozenset()
        self._scope = Scope(None)
        self._looked_ms: int | None = None
        self._retried_ms = clock.monotonic_ms()

    def is_root(self, cid: Cid) -> bool:
        """Return whether this was published.

        Raises: Unavailable when the store cannot be read.
        """
        with self._lock:
            self._look()
            return cid in self._roots

    def has(self, cid: Cid) -> bool:
        """Return whether this is public; it may take as long as reading all that is.

        Raises: Unavailable when the store cannot be read.
        """
        while True:
            with self._lock:  # for one turn: another thread asks for a root meanwhile
                self._look()
                if cid in self._scope:
                    return True
                if not self._open():
                    return False

    def _look(self) -> None:
        now_ms = self._clock.monotonic_ms()
        if self._looked_ms is not None and now_ms - self._looked_ms < LOOK_MS:
            return
        self._looked_ms = now_ms
        found = self._find_roots()
        if self._roots - found:  # what led to a block may be gone: find it anew
            self._scope = Scope(None)
            self._scope.add(found)
        elif found - self._roots:
            self._scope.add(found - self._roots)
        self._roots = found
        if now_ms - self._retried_ms >= AGAIN_MS:
            self._retried_ms = now_ms
            self._scope.retry(now_ms)

    def _open(self) -> bool:
        """Read on for a turn; False when all is read."""
        waiting = self._scope.unopened(OPENED)
        for cid in waiting:
            try:
                self._scope.open(cid, self._get(cid))
            except TallyError:  # not here, or not any more
                self._scope.cannot_open(cid, self._clock.monotonic_ms())
        return bool(waiting)
