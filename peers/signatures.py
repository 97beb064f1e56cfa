"""Signatures: looking at many of them, by other processes while this one goes on.

An Ed25519 signature takes about as long as all else that an audit does with an entry, and Python
runs one thread at a time, so that of two cores only processes use both.
"""

import os
import signal
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Final

from engine.errors import Unavailable
from engine.step import Signed
from peers.audit import Added, AtOnce, Signatures
from peers.entry import is_signed

MANY: Final = 1_000  # entries: with fewer, starting processes takes longer than it saves

_MOST: Final = 4  # processes: one that reads and replays keeps no more of them busy
_BATCH: Final = 500  # signatures: 200 KB to be passed on, for 30 ms of work
_AHEAD: Final = 8  # batches that wait: 2 MB


class Elsewhere:
    """Has other processes look at them, a batch at a time."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool
        self._batch: list[Added] = []
        self._asked: deque[tuple[list[Added], Future[int | None]]] = deque()
        self._wrong: Added | None = None

    def add(self, pos: int, sealed: Signed) -> None:
        """Look at that of an entry, which comes after those that were added before."""
        self._batch.append((pos, sealed))
        if len(self._batch) >= _BATCH:
            self._ask()
            while len(self._asked) > _AHEAD:
                self._hear()

    def wrong(self) -> Added | None:
        """Return the first entry of those added whose signature does not hold."""
        self._ask()
        while self._asked:
            self._hear()
        return self._wrong

    def _ask(self) -> None:
        batch, self._batch = self._batch, []
        if batch and self._wrong is None:
            sealed = [(one.payload, one.public_key, one.signature) for _, one in batch]
            self._asked.append((batch, self._pool.submit(first_wrong, sealed)))

    def _hear(self) -> None:
        batch, answer = self._asked.popleft()
        try:
            at = answer.result()
        except BrokenProcessPool:
            what = "a process that looks at signatures was ended from outside"
            raise Unavailable(what, fix="see that there is memory, and try again") from None
        if at is not None and self._wrong is None:
            self._wrong = batch[at]


@contextmanager
def looking(entries: int) -> Iterator[Signatures]:
    """Return what looks at the signatures of about so many entries, as fast as this machine can."""
    helpers = min(_MOST, (os.cpu_count() or 1) - 1)
    if entries < MANY or helpers < 1 or sys.platform != "linux":
        yield AtOnce()
        return
    # forked: what is spawned would run the program's main file again
    with ProcessPoolExecutor(helpers, get_context("fork"), initializer=_leave_signals) as pool:
        yield Elsewhere(pool)


def _leave_signals() -> None:
    """Let Ctrl-C be dealt with by the process that asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def first_wrong(sealed: Sequence[tuple[bytes, bytes, bytes]]) -> int | None:
    """Return which of some signed entries, as (payload, key, signature), is first not signed."""
    for at, one in enumerate(sealed):
        if not is_signed(Signed(*one)):
            return at
    return None
