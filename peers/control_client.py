"""Control client: the side of a command that asks the node of its home.

>>> with connect(home) as node:                                          # doctest: +SKIP
...     node.call("status")
"""

import os
import select
import socket
from collections import deque
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from engine.errors import Unavailable
from peers.control_frames import NAME, Frames, error_of, frame
from peers.plain import Plain

ANSWER_S: Final = 60  # for what the node answers at once; it may be busy

_PIECE: Final = 256 * 1024


class Client(AbstractContextManager["Client"]):
    """A connection to the node of a home. For one thread."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._frames = Frames()
        self._values: deque[Plain] = deque()

    def fileno(self) -> int:
        """Return what is readable when something comes."""
        return self._socket.fileno()

    def send(self, value: Plain) -> None:
        """Send a value.

        Raises: Unavailable when the node is gone.
        """
        try:
            self._socket.sendall(frame(value))
        except OSError:
            raise _gone() from None

    def receive(self, timeout_ms: int | None = None) -> Plain:
        """Return the next value; None when none comes in time.

        Raises: Unavailable when the node is gone.
        """
        while not self._values:
            if not select.select([self._socket], [], [], _seconds(timeout_ms))[0]:
                return None
            try:
                data = self._socket.recv(_PIECE)
            except OSError:
                data = b""
            if not data:
                raise _gone()
            self._values += self._frames.feed(data)
        return self._values.popleft()

    def call(self, *words: Plain) -> Plain:
        """Ask for something that is answered at once, and return the answer.

        Raises: what the node refuses it with; Unavailable when it is gone.
        """
        self.send(words)
        match self.receive(ANSWER_S * 1000):
            case ("ok", value):
                return value
            case answer if (error := error_of(answer)) is not None:
                raise error
        raise Unavailable("the peer of this home does not answer", fix="start it again")

    def close(self) -> None:
        """Go."""
        self._socket.close()

    def __exit__(self, *raised: object) -> None:
        self.close()


def connect(home: Path) -> Client:
    """Connect to the node of a home.

    Raises: Unavailable when there is none.
    """
    connected = socket.socket(socket.AF_UNIX)
    try:
        folder = os.open(home, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            connected.connect(f"/proc/self/fd/{folder}/{NAME}")
        finally:
            os.close(folder)
    except OSError:
        connected.close()
        fix = "start a peer with 'tally peer start'; it stays in the foreground"
        raise Unavailable("no peer runs in this home", where=str(home), fix=fix) from None
    return Client(connected)


def _gone() -> Unavailable:
    return Unavailable("the peer of this home has stopped", fix="start it: 'tally peer start'")


def _seconds(timeout_ms: int | None) -> float | None:
    return None if timeout_ms is None else timeout_ms / 1000
