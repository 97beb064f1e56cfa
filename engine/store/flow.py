"""Flow: bytes from one open file to another, each looked at where it arrived.

The kernel copies them (or, on a file system that can, lets both files share them) while the caller
names or checks what is in the new file behind it: what is checked is what is kept, and copying
takes no processor from checking. A reader, a hash and a writer in one thread take twice as long.
"""

import errno
import os
from contextlib import AbstractContextManager
from pathlib import Path
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Final

from engine.errors import Unavailable
from engine.faults import writing
from engine.filesystem import allocate, write_all

_STEP: Final = 8 * 1024 * 1024  # bytes copied in one call; a file of no more takes no thread
_AHEAD: Final = 4  # steps: what is 32 MiB back is still in the processor's cache
_PIECE: Final = 1024 * 1024  # bytes held in memory where the kernel cannot copy
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_copy_range = getattr(os, "copy_file_range", None)  # Linux alone has it


class Flow(AbstractContextManager["Flow"]):
    """One copy under way. For one thread."""

    def __init__(self, source: int, target: int, size: int, folder: Path) -> None:
        """Copy `size` bytes from where `source` is to the start of `target`, empty, in `folder`.

        Raises: Unavailable when there is no space for them.
        """
        self._source, self._target, self._size, self._folder = source, target, size, folder
        self._read = self._moved = self._copied = 0  # bytes; moved: as the thread knows it
        self._ended = False  # nothing more is copied
        self._steps: SimpleQueue[int | BaseException] = SimpleQueue()  # bytes copied; 0 at the end
        self._room = Semaphore(_AHEAD)
        with writing(folder, size):
            allocate(target, 0, size)
        self._thread = Thread(target=self._run, daemon=True) if size > _STEP else None
        if self._thread is not None:
            self._thread.start()

    def read(self, length: int) -> bytes:
        """Return the next bytes of what `target` holds now; fewer where `source` ended early.

        Raises: OSError when `source` cannot be read; Unavailable when `target` cannot be written.
        """
        length = min(length, self._size - self._read)
        while self._copied < self._read + length and not self._ended:
            self._await()
        data = os.pread(self._target, length, self._read)
        self._read += len(data)
        return data

    def _await(self) -> None:
        step = self._step() if self._thread is None else self._steps.get()
        if isinstance(step, BaseException):
            self._ended = True
            raise step
        self._copied += step
        self._ended = step == 0
        self._room.release()

    def _run(self) -> None:
        """Copy ahead of the reader, in a thread."""
        try:
            while self._room.acquire() and not self._ended:
                step = self._step()
                self._steps.put(step)
                if not step:
                    return
        except (OSError, Unavailable) as error:
            self._steps.put(error)

    def _step(self) -> int:
        """Copy some bytes; return how many, 0 when that was all."""
        length = min(_STEP, self._size - self._moved)
        step = _copy(self._source, self._target, length, self._folder) if length else 0
        self._moved += step
        return step

    def __exit__(self, *raised: object) -> None:
        self.end()

    def end(self) -> None:
        """Copy nothing more: the two files may be closed then. Harmless twice."""
        self._ended = True
        self._room.release()
        if self._thread is not None:
            self._thread.join()


def _copy(source: int, target: int, length: int, folder: Path) -> int:
    """Copy up to `length` bytes from where two files are; return how many, 0 at the end."""
    if _copy_range is not None:
        try:
            copied: int = _copy_range(source, target, length)
        except OSError as error:  # two file systems, or one that cannot; or it says so once more
            copied = 0
            if error.errno in _FULL:
                with writing(folder, length):
                    raise
        if copied:
            return copied
    data = os.read(source, min(length, _PIECE))
    with writing(folder, len(data)):
        write_all(target, data)
    return len(data)
