"""A seat at a real terminal: what a person types and sees, for tests of what runs on one."""

import contextlib
import fcntl
import os
import struct
import termios
import threading
from types import TracebackType
from typing import Final

PATIENCE_S: Final = 20


class Seat:
    """A pseudo-terminal with a thread that looks at it; use it in a `with`."""

    def __init__(self, rows: int = 24, columns: int = 80) -> None:
        """Make a terminal of that size."""
        self._person, self.terminal = os.openpty()
        self.said = b""  # all that was shown so far
        self._seen = 0  # how much of it was expected
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.resize(rows, columns)
        self._thread.start()

    def __enter__(self) -> "Seat":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()
        self._thread.join(PATIENCE_S)
        os.close(self._person)

    def leave(self) -> None:
        """Close the near side, if nobody has: who looks sees the end when everybody has."""
        with contextlib.suppress(OSError):
            os.close(self.terminal)
        self.terminal = -1

    def type(self, text: str) -> None:
        """Type some keys; chr(3) is Ctrl-C."""
        os.write(self._person, text.encode())

    def resize(self, rows: int, columns: int) -> None:
        """Change the size; the kernel tells whoever has this as its terminal."""
        fcntl.ioctl(self._person, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def expect(self, text: str) -> str:
        """Wait until `text` is shown, after all that was expected before; return up to there."""
        wanted = text.encode()

        def shown() -> bool:
            return self.said.find(wanted, self._seen) >= 0

        with self._changed:
            found = self._changed.wait_for(shown, PATIENCE_S)
            assert found, f"{text!r} did not come; since then: {self.said[self._seen :]!r}"
            end = self.said.index(wanted, self._seen) + len(wanted)
            before, self._seen = self.said[self._seen : end], end
        return before.decode()

    def _look(self) -> None:
        with contextlib.suppress(OSError):  # so a terminal ends
            while data := os.read(self._person, 65536):
                with self._changed:
                    self.said += data
                    self._changed.notify_all()
