"""Hashing: the sha256 of what is long, taken in a thread beside whoever makes the bytes.

It is given some MiB at a time: a thread that often comes back to Python waits there for the other.
"""

import hashlib
from contextlib import AbstractContextManager
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Final

_AT_ONCE: Final = 4 * 1024 * 1024  # bytes
_WAITING: Final = 4  # times as many bytes held at most


class Hashing(AbstractContextManager["Hashing"]):
    """A sha256 on the way; short enough, it takes no thread."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._pieces: list[bytes] = []
        self._held = 0  # bytes in them
        self._given: SimpleQueue[list[bytes] | None] = SimpleQueue()  # None: no more
        self._room = Semaphore(_WAITING)
        self._thread: Thread | None = None

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        self._pieces.append(data)
        self._held += len(data)
        if self._held >= _AT_ONCE:
            self._give()

    def digest(self) -> bytes:
        """Return the sha256 of all that was taken; nothing more is."""
        self._end()
        for piece in self._pieces:
            self._digest.update(piece)
        return self._digest.digest()

    def _give(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._run)
            self._thread.start()
        self._room.acquire()
        self._given.put(self._pieces)
        self._pieces, self._held = [], 0

    def _run(self) -> None:
        while (pieces := self._given.get()) is not None:
            self._digest.update(b"".join(pieces))
            self._room.release()

    def _end(self) -> None:
        if self._thread is not None:
            self._given.put(None)
            self._thread.join()
            self._thread = None

    def __exit__(self, *raised: object) -> None:
        self._end()
