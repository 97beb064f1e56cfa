"""Pipe: frames over a socket between two processes of one machine, without waiting.

>>> pipe.send(frame); pipe.flush()                                       # doctest: +SKIP
>>> for frame in pipe.receive(): ...                                     # doctest: +SKIP
"""

import contextlib
import socket
from typing import Final, NamedTuple, cast

from peers.errors import RemoteFault
from peers.network_frames import Frame, Incoming, Outgoing, Place
from peers.shared import Shared

TURN: Final = 2 * 2**20  # bytes that are read at a time: one large message

LARGE: Final = 64 * 1024  # bytes, from which on a part goes by the lot
_BUFFER: Final = 2 * 2**20


class Lot(NamedTuple):
    """Memory that both ends share, each way."""

    out: Shared
    back: Shared


class Pipe:
    """One end."""

    def __init__(self, ours: socket.socket, lot: Lot | None, *, keeps: bool = False) -> None:
        """Take over a stream socket; large parts go by the lot, if there is one.

        With `keeps`, what came that way stays where it is until `free`.
        """
        self._lot, self._keeps = lot, keeps
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
        *others, last = frame.parts
        if self._lot and len(last) >= LARGE and (number := self._lot.out.put(last)) is not None:
            frame = frame._replace(parts=tuple(others), place=Place(number, len(last)))
        self._outgoing.add(frame)

    def free(self, frame: Frame) -> None:
        """Be done with a frame that was kept."""
        if self._lot and frame.place:
            self._lot.back.free(frame.place.number)

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
            taken = list(map(self._whole, self._incoming.took(got)))
            count += got + sum(frame.place.size for frame in taken if frame.place)
            frames += taken
        return frames

    def _whole(self, frame: Frame) -> Frame:
        """Return a frame with the part that is elsewhere."""
        if not frame.place:
            return frame
        if not self._lot:
            raise RemoteFault("there is no such place")
        part = self._lot.back.at(*frame.place)
        whole = frame._replace(
            parts=(*frame.parts, cast("bytes", part) if self._keeps else bytes(part))
        )
        if not self._keeps:
            self.free(frame)
        return whole

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self.socket.close()
