"""A shell on a terminal, as a person has it: keys go in, and what it shows is awaited."""

import os
import pty
import select
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

PATIENCE_S = 60


class Terminal:
    """One program on a pseudo-terminal of its own."""

    def __init__(self, command: list[str], environ: Mapping[str, str], folder: Path) -> None:
        self.shown = b""
        self.process: int | None  # None when it has ended
        self._side: int | None
        self.process, self._side = pty.fork()
        if self.process == 0:  # the child: nothing but the program
            try:
                os.chdir(folder)
                os.execvpe(command[0], command, dict(environ))  # noqa: S606
            finally:
                os._exit(127)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self.process is not None:
            os.kill(self.process, signal.SIGKILL)
            self.ended()
        self.hang_up()

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._side, text.encode())

    def wait_for(self, text: str) -> str:
        """Wait until the terminal shows `text`; return what it showed before, since the last."""
        end = time.monotonic() + PATIENCE_S
        while text.encode() not in self.shown:
            left = end - time.monotonic()
            assert left > 0, f"{text!r} was not shown, but {self.shown!r}"
            if select.select([self._side], [], [], min(left, 1))[0]:
                self.shown += self._read()
        before, _, self.shown = self.shown.partition(text.encode())
        return before.decode(errors="replace")

    def hang_up(self) -> None:
        """Take the terminal away."""
        if self._side is not None:
            os.close(self._side)
            self._side = None

    def ended(self) -> int:
        """Wait until the program has ended; return its exit code, or minus the signal."""
        _, status = os.waitpid(self.process, 0)
        self.process = None
        return os.waitstatus_to_exitcode(status)

    def _read(self) -> bytes:
        try:
            data = os.read(self._side, 65536)
        except OSError:
            data = b""
        assert data, f"the program has ended; it showed {self.shown!r}"
        return data
