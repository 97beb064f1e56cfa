"""Pipe: frames over a socket between two processes of one machine, without waiting.

>>> pipe.send(frame); pipe.flush()                                       # doctest: +SKIP
>>> for frame in pipe.receive(): ...                                     # doctest: +SKIP
"""

import contextlib
import socket
from typing import Final

from peers.network_frames import Frame, Incoming, Outgoing

TURN: Final = 2 * 2**20  # bytes that are read at a time: one large message

_BUFFER: Final = 2 * 2**20


class Pipe:
    """One end."""

    def __init__(self, ours: socket.socket) -> None:
        """Take over a stream socket."""
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self.socket = ours
        self._incoming = Incoming()
        self._outgoing = Outgoing()

    @property
    def is_clear(self) -> bool:
        """Whether all that was sent is written."""
        return not self._outgoing

    def send(self, frame: Frame) -> None:
        """Have a frame written by `flush`."""
        self._outgoing.add(frame)

    def flush(self) -> bool:
        """Write what can be written now; return whether that is all."""
        try:
            while self._outgoing:
                self._outgoing.wrote(self.socket.sendmsg(self._outgoing.next()))
        except BlockingIOError:
            return False
        except OSError:  # nobody reads any more; `receive` will say so
            self._outgoing.clear()
        return True

    def receive(self) -> list[Frame]:
        """Return the frames that have come, of some bytes at a time.

        Raises: EOFError when the other end is gone; RemoteFault for what is no frame.
        """
        frames: list[Frame] = []
        count = 0
        while count < TURN:
            try:
                got = self.socket.recv_into(self._incoming.space())
            except BlockingIOError:
                break
            except ConnectionError:
                got = 0
            if not got:
                if frames:
                    break  # what came before is heard; the end is there next time as well
                raise EOFError
            count += got
            frames += self._incoming.took(got)
        return frames

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self.socket.close()
