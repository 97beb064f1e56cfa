"""Transport: messages over ZeroMQ with CURVE. The edge to ZeroMQ.

Who listens has a ROUTER for control and one for bulk; each connection that is dialled has a DEALER
of its own, which ends with it. Nothing is read here but how many frames there are: see session.py.

>>> transport = Transport(secret, clock, Limits())                       # doctest: +SKIP
>>> for arrival in transport.poll(100): ...                              # doctest: +SKIP
"""

import contextlib
import itertools
from collections import Counter
from collections.abc import Callable
from typing import Final

import zmq

from peers import sockets, zap
from peers.borrowed import plain_host
from peers.connection import Arrival, Channel, Connection, Ended, Left, Place
from peers.door import Door
from peers.errors import LocalFault
from peers.gate import Gate, Limits
from peers.line import Line

OLDEST: Final = (4, 3, 5)  # of libzmq: older ones can be crashed from outside
SWEEP_MS: Final = 1000

_LISTENING: Final[dict[int, int | bytes]] = {
    zmq.CURVE_SERVER: 1,
    zmq.ZAP_DOMAIN: zap.DOMAIN,
    zmq.ZAP_ENFORCE_DOMAIN: 1,  # without an answer from ZAP nobody comes in
    zmq.ROUTER_HANDOVER: 0,  # else who takes another's routing id is sent its messages
    zmq.ROUTER_MANDATORY: 1,
    zmq.BACKLOG: 128,
}


class Transport:
    """The connections of one peer."""

    def __init__(self, secret: bytes, clock: Callable[[], int], limits: Limits = Limits()) -> None:  # noqa: B008
        """Use the X25519 key `secret`; `clock` gives monotonic milliseconds.

        Raises: LocalFault when libzmq is too old.
        """
        if zmq.zmq_version_info() < OLDEST:
            fix = f"install a pyzmq with libzmq {'.'.join(map(str, OLDEST))} or later"
            raise LocalFault(f"libzmq {zmq.zmq_version()} is too old", fix=fix)
        self._secret = secret
        self._clock = clock
        self._gate = Gate(limits)
        self._numbers = itertools.count(1)
        self._context = zmq.Context()
        self._context.max_sockets = 8192
        self._poller = zmq.Poller()
        self._doors: list[Door] = []
        self._lines: dict[Connection, Line] = {}
        self._left: Counter[Connection] = Counter()  # messages sent since the last poll
        self._swept_ms = clock()
        self._zap = self._context.socket(zmq.ROUTER)
        self._zap.bind("inproc://zeromq.zap.01")
        self._poller.register(self._zap, zmq.POLLIN)

    def listen(self, host: str, port: int, channel: Channel) -> int:
        """Let others connect; return the port, which is a free one for port 0.

        Raises: LocalFault when that cannot be had.
        """
        listening = self._context.socket(zmq.ROUTER)
        sockets.prepare(listening, self._secret, _LISTENING)
        door = Door(listening, channel, self._gate, self._clock, self._numbers)
        try:
            listening.bind(f"tcp://{sockets.bracketed(host)}:{port or '*'}")
        except zmq.ZMQError as error:
            door.close()
            fix = "choose another port, or end what uses this one"
            what = f"this peer cannot listen on {host}:{port}: {error.strerror}"
            raise LocalFault(what, fix=fix) from error
        self._doors.append(door)
        self._register(door)
        endpoint = bytes(listening.getsockopt(zmq.LAST_ENDPOINT))
        return int(endpoint.rstrip(b"\0").rpartition(b":")[2])

    def dial(self, place: Place, channel: Channel) -> Connection:
        """Begin to connect, again and again until `cut`; Connected or Ended will arrive.

        Raises: LocalFault when the place is none.
        """
        number, key = next(self._numbers), place.curve_key
        connection = Connection(number, key, channel, place.host, is_dialled=True)
        dialling = self._context.socket(zmq.DEALER)
        sockets.prepare(dialling, self._secret, {zmq.CURVE_SERVERKEY: key})
        line = Line(dialling, connection)
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
        arrivals: list[Arrival] = [Left(*one) for one in self._left.items()]
        self._left.clear()
        for line in list(self._lines.values()):
            if line.socket in ready or line.monitor in ready:
                arrivals.extend(self._of_line(line, has_news=line.monitor in ready))
        for door in self._doors:
            if door.socket in ready or door.monitor in ready:
                arrivals.extend(door.arrivals(has_news=door.monitor in ready))
        self._sweep()
        return arrivals

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
        self._poller.register(end.socket, zmq.POLLIN)
        self._poller.register(end.monitor, zmq.POLLIN)

    def _answer_zap(self) -> None:
        """Let ZeroMQ know who may connect. Each question has an answer: see zap.py."""
        while (frames := sockets.received(self._zap)) is not None:
            way, request = frames[:2], frames[2:]
            with contextlib.suppress(zmq.ZMQError):  # who asked is gone
                self._zap.send_multipart([*way, *zap.answer(request, self._refusal)], zmq.NOBLOCK)

    def _refusal(self, curve_key: bytes, host: str) -> str:
        return self._gate.refusal(curve_key, plain_host(host), self._clock())

    def _of_line(self, line: Line, *, has_news: bool) -> list[Arrival]:
        arrivals = list(line.arrivals(has_news=has_news))
        if arrivals and isinstance(arrivals[-1], Ended):
            self._drop(line)
        return arrivals

    def _drop(self, line: Line) -> None:
        del self._lines[line.connection]
        self._poller.unregister(line.socket)
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
