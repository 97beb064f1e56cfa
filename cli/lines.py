"""Lines: what is told of a run while much happens, written together a few times a second.

Whoever reads it, be it a terminal, a pipe or a log, is woken by each write; two for every step
cost as much as recording it.
"""

import contextlib
import threading
from collections.abc import Callable
from typing import Final

_WAIT_S: Final = 0.1  # for more to say: nobody reads faster


class Lines:
    """Lines on their way to a reader, in order. For all threads."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Take what writes one or more lines."""
        self._say = say
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._is_due = False

    def add(self, line: str) -> None:
        """Have a line written soon."""
        with self._lock:
            self._lines.append(line)
            if self._is_due:
                return
            self._is_due = True
        timer = threading.Timer(_WAIT_S, self._write_late)
        timer.daemon = True  # no reason to wait for it: `write` is called at the end
        timer.start()

    def write(self) -> None:
        """Write what has come in.

        Raises: OSError when nobody reads any more.
        """
        with self._lock:
            lines, self._lines = self._lines, []
            self._is_due = False
            if lines:
                self._say("\n".join(lines))

    def _write_late(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the run goes on without its reader
            self.write()
