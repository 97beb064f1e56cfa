"""Line: a connection that this peer dialled: a DEALER of its own, which ends with it."""

from collections.abc import Iterator
from typing import Final

import zmq

from peers import sockets
from peers.borrowed import Remote, received, remote
from peers.connection import Arrival, Arrived, Connected, Connection, Ended
from peers.envelope import MAX_FRAMES
from peers.sockets import GONE, MAX_TURN, TURN_SIZE
from peers.unfinished import Unfinished

_FAILURES: Final[dict[int, str]] = {
    zmq.EVENT_DISCONNECTED: GONE,
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL: "the handshake failed",
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL: "the other end is no peer, or has another key",
    zmq.EVENT_HANDSHAKE_FAILED_AUTH: "the other end refuses this peer",
}
_EVENTS: Final = zmq.EVENT_CONNECTED | zmq.EVENT_HANDSHAKE_SUCCEEDED | sum(_FAILURES)


class Line:
    """A connection that this peer dialled. ZeroMQ would dial again; here each is of its own."""

    def __init__(
        self, dialling: "zmq.Socket[bytes]", connection: Connection, *, lends: bool
    ) -> None:
        self._receive = sockets.lent if lends else sockets.received
        self.socket = dialling
        self.connection = connection
        self.channel = connection.channel
        self._number = 0  # of its TCP socket
        self._remote: Remote | None = None
        self._unfinished = Unfinished()
        self.monitor = dialling.get_monitor_socket(_EVENTS)

    def arrivals(self, *, has_news: bool, is_read: bool) -> Iterator[Arrival]:
        """Return what came, if it is to be read, and, if there is news, its beginning and end."""
        news = dict(sockets.happened(self.monitor)) if has_news else {}
        if zmq.EVENT_CONNECTED in news:
            self._number = news[zmq.EVENT_CONNECTED]
            self._remote = remote(self._number)
        if zmq.EVENT_HANDSHAKE_SUCCEEDED in news:
            yield Connected(self.connection)
        size = 0
        for _ in range(MAX_TURN if is_read else 0):
            frames = self._receive(self.socket) if size < TURN_SIZE else None
            if frames is None:
                break
            size += sum(map(len, frames))
            if len(frames) > MAX_FRAMES:
                yield Ended(self.connection, f"a message has over {MAX_FRAMES} frames")
                return
            self._unfinished.heard(self._number)
            yield Arrived(self.connection, tuple(frames))
        for event in news:
            if event in _FAILURES:
                yield Ended(self.connection, _FAILURES[event])
                return

    def endless(self) -> list[Arrival]:
        """Return its end, if it sends a message without end."""
        came = received(self._number, self._remote) if self._remote else 0
        is_over = self._unfinished.is_over(self._number, came)
        return [Ended(self.connection, sockets.ENDLESS)] if is_over else []

    def close(self) -> None:
        """End the connection."""
        self.socket.disable_monitor()
        self.monitor.close()
        self.socket.close()
