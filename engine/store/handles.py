"""Handles: open files that are read again and again, closed when they fall out of use."""

import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final

from engine.store.place import Place

_OPEN: Final = 64  # files kept open; an ordinary limit of descriptors is 1024


class _Handle:
    """A descriptor that is closed when nobody, in any thread, still reads from it."""

    __slots__ = ("descriptor",)

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))

    def __del__(self) -> None:
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)


class Handles:
    """The last used files of the store, open, by the number of their place."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open: OrderedDict[int, _Handle] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, place: Place, offset: int, length: int) -> bytes:
        """Return up to `length` bytes at `offset`; fewer where the file ends.

        Raises: OSError.
        """
        return os.pread(self._get(place).descriptor, length, offset)

    def _get(self, place: Place) -> _Handle:
        number = place.number
        with self._lock:
            handle = self._open.get(number)
            if handle is None:
                handle = self._open[number] = _Handle(place.path(self._root))
                if len(self._open) > _OPEN:
                    self._open.popitem(last=False)
            else:
                self._open.move_to_end(number)
            return handle

    def forget(self, number: int) -> None:
        """Close a place's file once nobody reads from it."""
        with self._lock:
            self._open.pop(number, None)

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            self._open.clear()
