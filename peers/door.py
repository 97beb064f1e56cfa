"""Door: a socket at which others connect, and their connections.

Each is known by its CURVE key and the number of its TCP socket, never by its routing id.
"""

from collections.abc import Callable, Iterator
from typing import Final

import zmq

from peers import sockets
from peers.borrowed import Remote, plain_host, received, remote, shut
from peers.connection import Arrival, Arrived, Channel, Connection, Ended, size_of
from peers.envelope import MAX_FRAMES
from peers.gate import Gate
from peers.seats import Seat, Seats
from peers.sockets import GONE, MAX_TURN, TURN_SIZE
from peers.unfinished import Unfinished

_EVENTS: Final = zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED


class Door:
    """A socket at which others connect, and their connections.

    ZeroMQ cannot end one connection of a ROUTER; but it tells the number of its TCP socket, and
    that is shut down.
    """

    def __init__(
        self,
        listening: "zmq.Socket[bytes]",
        channel: Channel,
        gate: Gate,
        clock: Callable[[], int],
        numbers: Iterator[int],
        *,
        lends: bool,
    ) -> None:
        self._lends = lends
        self.socket = listening
        self.monitor = listening.get_monitor_socket(_EVENTS)
        self.channel, self._gate, self._clock, self._numbers = channel, gate, clock, numbers
        self._remotes: dict[int, Remote] = {}  # by the number of the TCP socket
        self._seats = Seats()
        self._unfinished = Unfinished()

    def arrivals(self, *, has_news: bool, is_read: bool) -> list[Arrival]:
        """Return what came, if it is to be read, and, if there is news, which connections ended."""
        arrivals: list[Arrival] = []
        size = 0
        for _ in range(MAX_TURN if is_read else 0):
            message = self._message() if size < TURN_SIZE else None
            if message is None:
                break
            arrivals.extend(message)
            size += size_of(message)
        if has_news:
            arrivals.extend(self._watch())
        return arrivals

    def send(self, connection: Connection, frames: tuple[bytes, ...]) -> bool | None:
        """Return whether a message was sent; None for a connection of another door."""
        seat = self._seats.of(connection)
        return seat and sockets.sent(self.socket, (seat.routing_id, *frames))

    def shut(self, connection: Connection) -> None:
        """End a connection, if it is one of this door."""
        if seat := self._seats.of(connection):
            self._fault(seat, "")

    def shut_number(self, number: int) -> None:
        """End the TCP connection with this number, if it is one of this door."""
        if number in self._remotes:
            shut(number, self._remotes[number])

    def endless(self) -> list[Arrival]:
        """End the connections that send a message without end."""
        over = [
            number
            for number, there in self._remotes.items()
            if self._unfinished.is_over(number, received(number, there))
        ]
        for number in over:
            self.shut_number(number)
        seats = [seat for number in over for seat in self._seats.by_number(number)]
        return [end for seat in seats for end in self._fault(seat, sockets.ENDLESS)]

    def close(self) -> None:
        """Let nobody connect any more, and end all who did."""
        self.socket.disable_monitor()
        self.monitor.close()
        self.socket.close()

    def _message(self) -> list[Arrival] | None:
        """Take one message; None when there is none."""
        try:
            routing_id = self.socket.recv(zmq.NOBLOCK)
        except zmq.Again:
            return None
        first = self.socket.recv(zmq.NOBLOCK, copy=False)
        others = sockets.rest(self.socket, is_more=first.more, is_lent=self._lends)
        frames = [first.bytes, *others]
        if self._seats.is_ended(routing_id):
            return []
        key = bytes.fromhex(str(first.get("User-Id")))
        seat = self._seats.at(routing_id) or self._seat(routing_id, key, first)
        if sockets.told(first, "Identity"):
            return self._fault(seat, "it chooses its routing id")
        if seat.connection.curve_key != key:
            return self._fault(seat, "its routing id is used with another key")
        if len(frames) > MAX_FRAMES:
            return self._fault(seat, f"a message has over {MAX_FRAMES} frames")
        self._unfinished.heard(seat.number)
        return [Arrived(seat.connection, tuple(frames))]

    def _seat(self, routing_id: bytes, key: bytes, frame: zmq.Frame) -> Seat:
        """Make a connection known by its first message.

        That its socket was accepted was heard before: ZAP asked about it after that.
        """
        host, number = plain_host(str(frame.get("Peer-Address"))), int(frame.get(zmq.SRCFD))
        connection = Connection(next(self._numbers), key, self.channel, host, is_dialled=False)
        self._gate.heard(number)
        return self._seats.take(Seat(connection, routing_id, number))

    def _fault(self, seat: Seat, reason: str) -> list[Arrival]:
        self.shut_number(seat.number)
        self._seats.leave(seat)
        return [Ended(seat.connection, reason)]

    def _watch(self) -> Iterator[Arrival]:
        """Follow which TCP connections come and go."""
        for event, number in sockets.happened(self.monitor):
            if event == zmq.EVENT_ACCEPTED:
                self._accepted(number)
                continue
            self._gate.leave(number)
            self._unfinished.forget(number)
            self._remotes.pop(number, None)
            for seat in self._seats.by_number(number):
                self._seats.leave(seat)
                yield Ended(seat.connection, GONE)

    def _accepted(self, number: int) -> None:
        found = remote(number)
        self._unfinished.forget(number)
        if found:
            self._remotes[number] = found
            if self._gate.enter(number, found.host, self._clock()):
                self.shut_number(number)
