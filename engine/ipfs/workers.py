"""Workers: a few threads that ask a node at the same time, and that nobody waits for in the end.

They die with the process. A pool of the standard library is joined when the process ends, so that
whoever presses Ctrl-C would wait for as long as a node that is silent is waited for.

>>> list(Workers(2).map(len, ["a", "bb"]))
[1, 2]
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_Task = tuple["Future[Any]", Callable[[Any], Any], Any]


class Workers:
    """A fixed number of threads, begun when there is work. For one thread, which gives it."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield what `work` gives for each item, in order; no more are begun than threads can do.

        Raises: what `work` raised of the first item for which it did.
        """
        under_way: deque[Future[R]] = deque()
        try:
            for item in items:
                under_way.append(self._begin(work, item))
                if len(under_way) > self._count:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()

    def close(self) -> None:
        """Begin nothing more; what is under way is not waited for."""
        for _ in self._threads:
            self._tasks.put(None)

    def _begin(self, work: Callable[[T], R], item: T) -> "Future[R]":
        if len(self._threads) < self._count:
            thread = threading.Thread(target=self._run, name="ipfs", daemon=True)
            self._threads.append(thread)
            thread.start()
        future: Future[R] = Future()
        self._tasks.put((future, work, item))
        return future

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            future, work, item = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work(item))
            except BaseException as error:  # whatever it is, it is raised where it can be handled
                future.set_exception(error)
            del future, item, task  # blocks are large
