"""Transport: messages over ZeroMQ with CURVE. The edge to ZeroMQ.

Who listens has a ROUTER for control and one for bulk; each connection that is dialled has a DEALER
of its own, which ends with it. Nothing is read here but how many frames there are: see session.py.

>>> transport = Transport(secret, clock, Limits())                       # doctest: +SKIP
>>> for arrival in transport.poll(100): ...                              # doctest: +SKIP
"""

import contextlib
import itertools
import socket
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final

import zmq

from peers import sockets, zap
from peers.borrowed import plain_host
from peers.connection import Arrival, Channel, Connection, Ended, Left, Place, size_of
from peers.door import Door
from peers.errors import LocalFault
from peers.gate import Gate, Limits
from peers.line import Line
from peers.listening import listening
from peers.sockets import TURN_SIZE

OLDEST: Final = (4, 3, 5)  # of libzmq: older ones can be crashed from outside
SWEEP_MS: Final = 1000

_LISTENING: Final[dict[int, int | bytes]] = {
    zmq.CURVE_SERVER: 1,
    zmq.ZAP_DOMAIN: zap.DOMAIN,
    zmq.ZAP_ENFORCE_DOMAIN: 1,  # without an answer from ZAP nobody comes in
    zmq.ROUTER_HANDOVER: 0,  # else who takes another's routing id is sent its messages
    zmq.ROUTER_MANDATORY: 1,
}


class Transport:
    """The connections of one peer."""

    def __init__(
        self,
        secret: bytes,
        clock: Callable[[], int],
        limits: Limits = Limits(),  # noqa: B008
        *,
        lends: bool = False,
    ) -> None:
        """Use the X25519 key `secret`; `clock` gives monotonic milliseconds.

        With `lends`, what arrives on bulk connections can be written on, and no more than that.

        Raises: LocalFault when libzmq is too old.
        """
        if zmq.zmq_version_info() < OLDEST:
            fix = f"install a pyzmq with libzmq {'.'.join(map(str, OLDEST))} or later"
            raise LocalFault(f"libzmq {zmq.zmq_version()} is too old", fix=fix)
        self._secret = secret
        self._lends = {Channel.BULK} if lends else set()
        self._clock = clock
        self._gate = Gate(limits)
        self._numbers = itertools.count(1)
        self._context = zmq.Context()
        self._context.max_sockets = 8192
        self._poller = zmq.Poller()
        self._doors: list[Door] = []
        self._lines: dict[Connection, Line] = {}
        self._ends: OrderedDict[Door | Line, None] = OrderedDict()  # all of them; whose turn it is
        self._paused: set[Channel] = set()
        self._left: Counter[Connection] = Counter()  # messages sent since the last poll
        self._swept_ms = clock()
        self._zap = self._context.socket(zmq.ROUTER)
        self._zap.bind("inproc://zeromq.zap.01")
        self._poller.register(self._zap, zmq.POLLIN)

    def listen(self, host: str, port: int, channel: Channel) -> int:
        """Let others connect; return the port, which is a free one for port 0.

        Raises: LocalFault when that cannot be had.
        """
        made = listening(host, port)
        port = made.getsockname()[1]
        self.adopt(made, channel)
        return port

    def adopt(self, made: socket.socket, channel: Channel) -> None:
        """Let others connect at a TCP socket that listens already."""
        accepting = self._context.socket(zmq.ROUTER)
        sockets.prepare(accepting, self._secret, channel, _LISTENING)
        lends = channel in self._lends
        door = Door(accepting, channel, self._gate, self._clock, self._numbers, lends=lends)
        accepting.setsockopt(zmq.USE_FD, made.detach())
        accepting.bind("tcp://*:*")  # which of them is said by the socket
        self._doors.append(door)
        self._register(door)

    def dial(self, place: Place, channel: Channel) -> Connection:
        """Begin to connect, again and again until `cut`; Connected or Ended will arrive.

        Raises: LocalFault when the place is none.
        """
        number, key = next(self._numbers), place.curve_key
        connection = Connection(number, key, channel, place.host, is_dialled=True)
        dialling = self._context.socket(zmq.DEALER)
        sockets.prepare(dialling, self._secret, channel, {zmq.CURVE_SERVERKEY: key})
        line = Line(dialling, connection, lends=channel in self._lends)
        try:
            dialling.connect(f"tcp://{sockets.bracketed(place.host)}:{place.port}")
        except zmq.ZMQError as error:
            line.close()
            what = f"{place.host}:{place.port} cannot be dialled: {error.strerror}"
            raise LocalFault(what, fix="check the address") from error
        self._lines[connection] = line
        self._register(line)
        return connection

    def poll(self, timeout_ms: int) -> list[Arrival]:
        """Wait until something arrives, or for a time, and return what did."""
        ready = dict(self._poller.poll(0 if self._left else timeout_ms))
        if self._zap in ready:
            self._answer_zap()
        arrivals = self.left()
        for channel in Channel:
            arrivals += self._of_channel(channel, ready)
        self._sweep()
        return arrivals

    def left(self) -> list[Arrival]:
        """Return, once, which messages have left."""
        arrivals: list[Arrival] = [Left(*one) for one in self._left.items()]
        self._left.clear()
        return arrivals

    def endless(self) -> list[Arrival]:
        """End the connections that send a message without end; return which."""
        reading = [end for end in self._ends if end.channel not in self._paused]
        arrivals = [arrival for end in reading for arrival in end.endless()]
        for arrival in arrivals:
            if line := self._lines.get(arrival.connection):
                self._drop(line)
        return arrivals

    def pause(self, channel: Channel, *, is_paused: bool) -> None:
        """Take no messages of a channel for now: they wait with who sends them."""
        if is_paused == (channel in self._paused):
            return
        self._paused ^= {channel}
        for end in self._ends:
            if end.channel is channel:
                self._poller.register(end.socket, 0 if is_paused else zmq.POLLIN)

    def watch(self, number: int, *, wants_room: bool) -> None:
        """Have `poll` return when a file can be read, or, if wanted, written."""
        self._poller.register(number, zmq.POLLIN | (zmq.POLLOUT if wants_room else 0))

    def send(self, connection: Connection, frames: tuple[bytes, ...]) -> bool:
        """Send a message if it can go now; else the queue is full, or the connection is gone."""
        if line := self._lines.get(connection):
            is_sent = sockets.sent(line.socket, frames)
        else:
            is_sent = any(door.send(connection, frames) for door in self._doors)
        self._left.update([connection] if is_sent else ())
        return is_sent

    def cut(self, connection: Connection) -> None:
        """End a connection now; nothing more arrives on it."""
        self._left.pop(connection, None)
        if line := self._lines.get(connection):
            self._drop(line)
        for door in self._doors:
            door.shut(connection)

    def shut_out(self, curve_key: bytes, for_ms: int) -> None:
        """Let nobody with this key connect for a time."""
        self._gate.shut_out(curve_key, self._clock() + for_ms)

    def close(self) -> None:
        """End every connection."""
        for line in list(self._lines.values()):
            self._drop(line)
        for door in self._doors:
            door.close()
        self._zap.close()
        self._context.destroy(linger=0)

    def _register(self, end: Door | Line) -> None:
        self._ends[end] = None
        self._poller.register(end.socket, 0 if end.channel in self._paused else zmq.POLLIN)
        self._poller.register(end.monitor, zmq.POLLIN)

    def _of_channel(self, channel: Channel, ready: dict[object, int]) -> list[Arrival]:
        """Return what came on the connections of a channel, and which of them came and went.

        Who had a turn is last next time: one turn of all may bring no more than one of each.
        """
        arrivals: list[Arrival] = []
        for end in [one for one in self._ends if one.channel is channel]:
            has_news = end.monitor in ready
            is_read = end.socket in ready and size_of(arrivals) < TURN_SIZE
            if is_read or has_news:
                arrivals += self._of_end(end, has_news=has_news, is_read=is_read)
        return arrivals

    def _answer_zap(self) -> None:
        """Let ZeroMQ know who may connect. Each question has an answer: see zap.py."""
        while (frames := sockets.received(self._zap)) is not None:
            way, request = frames[:2], frames[2:]
            with contextlib.suppress(zmq.ZMQError):  # who asked is gone
                self._zap.send_multipart([*way, *zap.answer(request, self._refusal)], zmq.NOBLOCK)

    def _refusal(self, curve_key: bytes, host: str) -> str:
        return self._gate.refusal(curve_key, plain_host(host), self._clock())

    def _of_end(self, end: Door | Line, *, has_news: bool, is_read: bool) -> list[Arrival]:
        arrivals = list(end.arrivals(has_news=has_news, is_read=is_read))
        if is_read:
            self._ends.move_to_end(end)
        if isinstance(end, Line) and arrivals and isinstance(arrivals[-1], Ended):
            self._drop(end)
        return arrivals

    def _drop(self, line: Line) -> None:
        del self._lines[line.connection], self._ends[line]
        self._poller.register(line.socket, 0)  # which it may be already
        self._poller.unregister(line.monitor)
        line.close()

    def _sweep(self) -> None:
        """End connections from outside that have said nothing since they came."""
        now_ms = self._clock()
        if now_ms - self._swept_ms < SWEEP_MS:
            return
        self._swept_ms = now_ms
        for number in self._gate.silent(now_ms):
            for door in self._doors:
                door.shut_number(number)
