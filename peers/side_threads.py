"""SideThreads: does what waits for the disk beside the node's thread, and says there what came.

One thread reads, another unpacks environments, which takes longer; the keeper has one of its own.

>>> threads.read(partial(book.owing, peer), on_owing)                    # doctest: +SKIP
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from engine.closures import Brought
from engine.content.cid import Cid
from engine.errors import TallyError
from peers.keeper import Keeper
from peers.mistake import contained
from peers.wake import Wake

T = TypeVar("T")


class SideThreads:
    """Those of what runs steps for others. For the node's thread."""

    def __init__(self, bring: Callable[[Cid], Brought], keeper: Keeper, wake: Wake) -> None:
        """Take what has an environment unpacked."""
        self._bring = bring
        self._keeper = keeper
        self._wake = wake
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._placer = ThreadPoolExecutor(1, thread_name_prefix="placer")

    def begin(self, job: Callable[[], None]) -> None:
        """Do something that may wait for the disk, and says itself what came of it."""
        self._reader.submit(job)

    def read(self, job: Callable[[], T], then: Callable[["Future[T]"], None]) -> None:
        """Do something that may wait for the disk; then `then` is called in the node's thread."""
        self._post(self._reader.submit(job), then)

    def place(self, environment: Cid, then: Callable[["Future[Cid]"], None]) -> None:
        """Have an environment unpacked; return by `then` which closure it carries."""
        self._post(self._placer.submit(self._place, environment), then)

    def keep(self, needed: frozenset[Cid]) -> None:
        """Have the store keep these, and what is cached, and nothing else for ever."""
        self._post(self._keeper.renew(needed), _go_on)

    def close(self) -> None:
        """Wait for what is being done; begin nothing more."""
        for pool in (self._reader, self._placer):
            pool.shutdown(cancel_futures=True)

    def _post(self, future: "Future[T]", then: Callable[["Future[T]"], None]) -> None:
        future.add_done_callback(lambda done: self._wake(partial(then, done)))

    def _place(self, environment: Cid) -> Cid:
        try:
            brought = self._bring(environment)
        except Exception as error:
            raise contained(error) from error
        self._keeper.note(environment, brought.size, is_environment=True)
        return brought.closure


def _go_on(renewed: "Future[None]") -> None:
    """Take no notice of a full disk or of damage: the next time it is tried again."""
    with suppress(TallyError):
        renewed.result()
