"""Waker: has what other threads want done in the loop's: the loop is woken once for many calls."""

import asyncio
import contextlib
import threading
from collections.abc import Callable

Call = Callable[[], None]


class Waker:
    """Wakes a loop. For any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def __call__(self, call: Call) -> None:
        """Have something called in the loop soon, in the order of these calls."""
        with self._lock:
            self._calls.append(call)
            is_first = len(self._calls) == 1
        if is_first:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._pass_on)

    def _pass_on(self) -> None:
        with self._lock:
            calls, self._calls = self._calls, []
        for call in calls:
            self._loop.call_soon(call)  # each by itself: what one raises is no other's
