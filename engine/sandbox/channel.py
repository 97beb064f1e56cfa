"""Channel: one end of the socket between an engine and its executor.

Frames go in order, each whole; a descriptor comes along with the frame it belongs to. The end of
the other side is EOFError here, never a hang and never a signal.
"""

import contextlib
import os
import socket
from collections import deque
from typing import Final

from engine.sandbox import frames

_CHUNK: Final = 256 * 1024  # bytes asked of the socket at a time
_PATIENCE_S: Final = 30.0  # a kernel needs less to end and unmount everything
_FDS: Final = 4  # more than one descriptor in flight does not happen: each is acknowledged


class Channel:
    """Frames over a connected Unix stream socket."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._buffer = bytearray()
        self._descriptors: deque[int] = deque()

    def fileno(self) -> int:
        """Return the descriptor to poll; see `pending` first."""
        return self._end.fileno()

    def pending(self) -> bool:
        """Say whether a whole frame has already been read."""
        if len(self._buffer) < frames.HEADER.size:
            return False
        length, _ = frames.HEADER.unpack_from(self._buffer)
        if length > frames.FRAME_MAX:
            raise frames.Nonsense(f"a frame of {length} bytes")
        return len(self._buffer) >= frames.HEADER.size + int(length)

    def send(self, kind: int, body: bytes = b"", descriptor: int | None = None) -> None:
        """Send one frame, waiting for room.

        Raises: EOFError when the other side is gone.
        """
        data = memoryview(frames.frame(kind, body))
        try:
            if descriptor is not None:
                data = data[socket.send_fds(self._end, [data], [descriptor]) :]
            if data:
                self._end.sendall(data)
        except OSError as error:
            raise EOFError("the other side is gone") from error

    def receive(self) -> tuple[int, bytes]:
        """Wait for one frame: its kind and its body.

        Raises: EOFError when the other side is gone; Nonsense for a frame over its bound.
        """
        while not self.pending():
            self._read_some()
        length, kind = frames.HEADER.unpack_from(self._buffer)
        start = frames.HEADER.size
        body = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return kind, body

    def take_descriptor(self) -> int:
        """Return the descriptor that came with the frame just received; the caller closes it.

        Raises: Nonsense when none came.
        """
        if not self._descriptors:
            raise frames.Nonsense("a frame came without its descriptor")
        return self._descriptors.popleft()

    def hang_up(self) -> None:
        """Say that nothing more comes, and wait until the other side is gone."""
        with contextlib.suppress(OSError, EOFError):
            self._end.shutdown(socket.SHUT_WR)
            self._end.settimeout(_PATIENCE_S)
            while True:
                self._buffer.clear()
                self._read_some()

    def close(self) -> None:
        """Close this end and what came with frames nobody took."""
        self._end.close()
        while self._descriptors:
            with contextlib.suppress(OSError):
                os.close(self._descriptors.popleft())

    def _read_some(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._end, _CHUNK, _FDS)
        except OSError as error:
            raise EOFError("the other side is gone") from error
        self._descriptors.extend(descriptors)
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        if not data:
            raise EOFError("the other side is gone")
        self._buffer += data
