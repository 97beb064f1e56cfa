"""Control: the socket by which commands of the same user reach the node of their home.

The node's side, in its loop. Each connection is a Visitor; its first frame names what is wanted
(node.py), and those that follow are for whoever attends to it.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from peers.control_frames import NAME, Frames, frame
from peers.errors import LocalFault, RemoteFault
from peers.plain import Plain

MAX_VISITORS: Final = 64  # commands at one time
MAX_UNREAD: Final = 64 * 1024 * 1024  # bytes that a visitor has not taken; then it is sent away

_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid


class Visitor(asyncio.Protocol):
    """One command that is connected. For the loop's thread."""

    def __init__(self, control: "Control", begin: "Begin") -> None:
        self.on_frame: Callable[[Plain], None] = lambda value: begin(self, value)
        self.on_closed: Callable[[], None] = lambda: None
        self._control = control
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None

    def send(self, value: Plain) -> None:
        """Send a value, unless the visitor is gone."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(frame(value))
        if self._transport.get_write_buffer_size() > MAX_UNREAD:
            self._transport.abort()

    def close(self) -> None:
        """Send it away, once it has taken what it was sent."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let nobody in but the user that this node belongs to."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a visitor comes by a stream")
        self._transport = transport
        if not _is_ours(transport.get_extra_info("socket")) or not self._control.admit(self):
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Hand over what is whole; who sends no frames is sent away."""
        try:
            for value in self._frames.feed(data):
                self.on_frame(value)
        except RemoteFault:
            if self._transport is not None:
                self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell that it is gone."""
        self._control.leave(self)
        self.on_closed()


Begin = Callable[[Visitor, Plain], None]


class Control:
    """The socket of a node."""

    def __init__(self, home: Path, begin: Begin) -> None:
        """Take whom to give the first frame of each visitor."""
        self._path = home / NAME
        self._begin = begin
        self._visitors: set[Visitor] = set()
        self._server: asyncio.AbstractServer | None = None

    async def open(self) -> None:
        """Let commands connect. There is no other node of this home: the caller saw to that.

        Raises: LocalFault when the socket cannot be made.
        """
        loop = asyncio.get_running_loop()
        try:
            self._path.unlink(missing_ok=True)
            listening = socket.socket(socket.AF_UNIX)
            _bind(listening, self._path)
            self._path.chmod(0o600)
        except OSError as error:
            what = f"the control socket cannot be made: {error.strerror or error}"
            raise LocalFault(what, where=str(self._path)) from error
        self._server = await loop.create_unix_server(
            lambda: Visitor(self, self._begin), sock=listening
        )

    def close(self) -> None:
        """Send everybody away."""
        if self._server is not None:
            self._server.close()
        for visitor in tuple(self._visitors):
            visitor.close()  # done by the loop, in its next turn
        with contextlib.suppress(OSError):
            self._path.unlink()

    def admit(self, visitor: Visitor) -> bool:
        """Count a visitor; False when there are too many."""
        if len(self._visitors) >= MAX_VISITORS:
            return False
        self._visitors.add(visitor)
        return True

    def leave(self, visitor: Visitor) -> None:
        """Count a visitor no more."""
        self._visitors.discard(visitor)


def _is_ours(connected: socket.socket) -> bool:
    raw = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(raw)
    return bool(uid == os.geteuid())


def _bind(listening: socket.socket, path: Path) -> None:
    """Bind to a path of any length: an address holds 107 bytes only."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        listening.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
