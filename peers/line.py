"""Line: a connection that this peer dialled: a DEALER of its own, which ends with it."""

from collections.abc import Iterator
from typing import Final

import zmq

from peers import sockets
from peers.connection import Arrival, Arrived, Connected, Connection, Ended
from peers.envelope import MAX_FRAMES
from peers.sockets import GONE, MAX_TURN, TURN_SIZE

_FAILURES: Final[dict[int, str]] = {
    zmq.EVENT_DISCONNECTED: GONE,
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL: "the handshake failed",
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL: "the other end is no peer, or has another key",
    zmq.EVENT_HANDSHAKE_FAILED_AUTH: "the other end refuses this peer",
}
_EVENTS: Final = zmq.EVENT_HANDSHAKE_SUCCEEDED | sum(_FAILURES)


class Line:
    """A connection that this peer dialled. ZeroMQ would dial again; here each is of its own."""

    def __init__(self, dialling: "zmq.Socket[bytes]", connection: Connection) -> None:
        self.socket = dialling
        self.connection = connection
        self.channel = connection.channel
        self.monitor = dialling.get_monitor_socket(_EVENTS)

    def arrivals(self, *, has_news: bool, is_read: bool) -> Iterator[Arrival]:
        """Return what came, if it is to be read, and, if there is news, its beginning and end."""
        happened = [event for event, _ in sockets.happened(self.monitor)] if has_news else []
        if zmq.EVENT_HANDSHAKE_SUCCEEDED in happened:
            yield Connected(self.connection)
        size = 0
        for _ in range(MAX_TURN if is_read else 0):
            frames = sockets.received(self.socket) if size < TURN_SIZE else None
            if frames is None:
                break
            size += sum(map(len, frames))
            if len(frames) > MAX_FRAMES:
                yield Ended(self.connection, f"a message has over {MAX_FRAMES} frames")
                return
            yield Arrived(self.connection, tuple(frames))
        for event in happened:
            if event in _FAILURES:
                yield Ended(self.connection, _FAILURES[event])
                return

    def close(self) -> None:
        """End the connection."""
        self.socket.disable_monitor()
        self.monitor.close()
        self.socket.close()
