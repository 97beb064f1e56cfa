"""Transport: messages over ZeroMQ with CURVE. The only file that knows ZeroMQ.

Who listens has a ROUTER for control and one for bulk; each connection that is dialled has a DEALER
of its own, which ends with it. Nothing is read here but how many frames there are: see session.py.

>>> transport = Transport(secret, clock, Limits())                                 # doctest: +SKIP
>>> for arrival in transport.poll(100): ...                              # doctest: +SKIP
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from typing import Final

import zmq
from nacl.public import PrivateKey
from zmq.utils.monitor import parse_monitor_message

from peers import zap
from peers.borrowed import Remote, plain_host, remote, shut
from peers.connection import Arrival, Arrived, Channel, Connected, Connection, Ended, Place
from peers.envelope import MAX_FRAME, MAX_FRAMES
from peers.errors import LocalFault
from peers.gate import Gate, Limits
from peers.seats import Seat, Seats

OLDEST: Final = (4, 3, 5)  # of libzmq: older ones can be crashed from outside
MAX_TURN: Final = 64  # messages of one socket before the next has its turn
GONE: Final = "the connection ended"
SWEEP_MS: Final = 1000

_KIB: Final = 1024
_EVERY: Final[dict[int, int | bytes]] = {
    zmq.MAXMSGSIZE: MAX_FRAME,  # without it a stranger fills the memory before any handshake
    zmq.RCVHWM: 64,
    zmq.SNDHWM: 64,
    zmq.RCVBUF: 256 * _KIB,
    zmq.SNDBUF: 256 * _KIB,
    zmq.HANDSHAKE_IVL: 5_000,
    zmq.HEARTBEAT_IVL: 5_000,
    zmq.HEARTBEAT_TIMEOUT: 15_000,
    zmq.HEARTBEAT_TTL: 30_000,
    zmq.TCP_KEEPALIVE: 1,
    zmq.TCP_KEEPALIVE_IDLE: 60,
    zmq.RECONNECT_IVL: 100,
    zmq.RECONNECT_IVL_MAX: 30_000,
    zmq.IMMEDIATE: 1,  # nothing waits for a connection that is not there
    zmq.LINGER: 0,
    zmq.IPV6: 1,
}
_LISTENING: Final[dict[int, int | bytes]] = {
    zmq.CURVE_SERVER: 1,
    zmq.ZAP_DOMAIN: zap.DOMAIN,
    zmq.ZAP_ENFORCE_DOMAIN: 1,  # without an answer from ZAP nobody comes in
    zmq.ROUTER_HANDOVER: 0,  # else who takes another's routing id is sent its messages
    zmq.ROUTER_MANDATORY: 1,
    zmq.BACKLOG: 128,
}
_FAILURES: Final[dict[int, str]] = {
    zmq.EVENT_DISCONNECTED: GONE,
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL: "the handshake failed",
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL: "the other end is no peer, or has another key",
    zmq.EVENT_HANDSHAKE_FAILED_AUTH: "the other end refuses this peer",
}
_LINE_EVENTS: Final = zmq.EVENT_HANDSHAKE_SUCCEEDED | sum(_FAILURES)
_DOOR_EVENTS: Final = zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED


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
        self._doors: list[_Door] = []
        self._lines: dict[Connection, _Line] = {}
        self._swept_ms = clock()
        self._zap = self._context.socket(zmq.ROUTER)
        self._zap.bind("inproc://zeromq.zap.01")
        self._poller.register(self._zap, zmq.POLLIN)

    def listen(self, host: str, port: int, channel: Channel) -> int:
        """Let others connect; return the port, which is a free one for port 0.

        Raises: LocalFault when that cannot be had.
        """
        listening = self._context.socket(zmq.ROUTER)
        _set(listening, self._secret, _LISTENING)
        door = _Door(listening, channel, self._gate, self._clock, self._numbers)
        try:
            listening.bind(f"tcp://{_bracketed(host)}:{port or '*'}")
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
        _set(dialling, self._secret, {zmq.CURVE_SERVERKEY: key})
        line = _Line(dialling, connection)
        try:
            dialling.connect(f"tcp://{_bracketed(place.host)}:{place.port}")
        except zmq.ZMQError as error:
            line.close()
            what = f"{place.host}:{place.port} cannot be dialled: {error.strerror}"
            raise LocalFault(what, fix="check the address") from error
        self._lines[connection] = line
        self._register(line)
        return connection

    def poll(self, timeout_ms: int) -> list[Arrival]:
        """Wait until something arrives, or for a time, and return what did."""
        ready = dict(self._poller.poll(timeout_ms))
        if self._zap in ready:
            self._answer_zap()
        arrivals: list[Arrival] = []
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
            return _sent(line.socket, frames)
        return any(door.send(connection, frames) for door in self._doors)

    def cut(self, connection: Connection) -> None:
        """End a connection now; nothing more arrives on it."""
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

    def _register(self, end: "_Door | _Line") -> None:
        self._poller.register(end.socket, zmq.POLLIN)
        self._poller.register(end.monitor, zmq.POLLIN)

    def _answer_zap(self) -> None:
        """Let ZeroMQ know who may connect. Each question has an answer: see zap.py."""
        while (frames := _received(self._zap)) is not None:
            way, request = frames[:2], frames[2:]
            with contextlib.suppress(zmq.ZMQError):  # who asked is gone
                self._zap.send_multipart([*way, *zap.answer(request, self._refusal)], zmq.NOBLOCK)

    def _refusal(self, curve_key: bytes, host: str) -> str:
        return self._gate.refusal(curve_key, plain_host(host), self._clock())

    def _of_line(self, line: "_Line", *, has_news: bool) -> list[Arrival]:
        arrivals = list(line.arrivals(has_news=has_news))
        if arrivals and isinstance(arrivals[-1], Ended):
            self._drop(line)
        return arrivals

    def _drop(self, line: "_Line") -> None:
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


class _Line:
    """A connection that this peer dialled. ZeroMQ would dial again; here each is of its own."""

    def __init__(self, dialling: "zmq.Socket[bytes]", connection: Connection) -> None:
        self.socket = dialling
        self.connection = connection
        self.monitor = dialling.get_monitor_socket(_LINE_EVENTS)

    def arrivals(self, *, has_news: bool) -> Iterator[Arrival]:
        """Return what came, up to the connection's end; that only if the monitor has news."""
        happened = [event for event, _ in _happened(self.monitor)] if has_news else []
        if zmq.EVENT_HANDSHAKE_SUCCEEDED in happened:
            yield Connected(self.connection)
        for _ in range(MAX_TURN):
            frames = _received(self.socket)
            if frames is None:
                break
            if len(frames) > MAX_FRAMES:
                yield Ended(self.connection, f"a message has over {MAX_FRAMES} frames")
                return
            yield Arrived(self.connection, tuple(frames))
        for event in happened:
            if event in _FAILURES:
                yield Ended(self.connection, _FAILURES[event])
                return

    def close(self) -> None:
        self.socket.disable_monitor()
        self.monitor.close()
        self.socket.close()


class _Door:
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
    ) -> None:
        self.socket = listening
        self.monitor = listening.get_monitor_socket(_DOOR_EVENTS)
        self._channel, self._gate, self._clock, self._numbers = channel, gate, clock, numbers
        self._remotes: dict[int, Remote] = {}  # by the number of the TCP socket
        self._seats = Seats()

    def arrivals(self, *, has_news: bool) -> list[Arrival]:
        """Return what came, and, if the monitor has news, which connections ended."""
        arrivals: list[Arrival] = []
        for _ in range(MAX_TURN):
            message = self._message()
            if message is None:
                break
            arrivals.extend(message)
        if has_news:
            arrivals.extend(self._watch())
        return arrivals

    def send(self, connection: Connection, frames: tuple[bytes, ...]) -> bool | None:
        """Return whether a message was sent; None for a connection of another door."""
        seat = self._seats.of(connection)
        return seat and _sent(self.socket, (seat.routing_id, *frames))

    def shut(self, connection: Connection) -> None:
        """End a connection, if it is one of this door."""
        if seat := self._seats.of(connection):
            self._fault(seat, "")

    def shut_number(self, number: int) -> None:
        """End the TCP connection with this number, if it is one of this door."""
        if number in self._remotes:
            shut(number, self._remotes[number])

    def close(self) -> None:
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
        frames = [first.bytes, *_rest(self.socket, is_more=first.more)]
        if self._seats.is_ended(routing_id):
            return []
        key = bytes.fromhex(str(first.get("User-Id")))
        seat = self._seats.at(routing_id) or self._seat(routing_id, key, first)
        if _property(first, "Identity"):
            return self._fault(seat, "it chooses its routing id")
        if seat.connection.curve_key != key:
            return self._fault(seat, "its routing id is used with another key")
        if len(frames) > MAX_FRAMES:
            return self._fault(seat, f"a message has over {MAX_FRAMES} frames")
        return [Arrived(seat.connection, tuple(frames))]

    def _seat(self, routing_id: bytes, key: bytes, frame: zmq.Frame) -> Seat:
        """Make a connection known by its first message.

        That its socket was accepted was heard before: ZAP asked about it after that.
        """
        host, number = plain_host(str(frame.get("Peer-Address"))), int(frame.get(zmq.SRCFD))
        connection = Connection(next(self._numbers), key, self._channel, host, is_dialled=False)
        self._gate.heard(number)
        return self._seats.take(Seat(connection, routing_id, number))

    def _fault(self, seat: Seat, reason: str) -> list[Arrival]:
        self.shut_number(seat.number)
        self._seats.leave(seat)
        return [Ended(seat.connection, reason)]

    def _watch(self) -> Iterator[Arrival]:
        """Follow which TCP connections come and go."""
        for event, number in _happened(self.monitor):
            if event == zmq.EVENT_ACCEPTED:
                self._accepted(number)
                continue
            self._gate.leave(number)
            self._remotes.pop(number, None)
            for seat in self._seats.by_number(number):
                self._seats.leave(seat)
                yield Ended(seat.connection, GONE)

    def _accepted(self, number: int) -> None:
        found = remote(number)
        if found:
            self._remotes[number] = found
            if self._gate.enter(number, found.host, self._clock()):
                self.shut_number(number)


def _set(one: "zmq.Socket[bytes]", secret: bytes, options: dict[int, int | bytes]) -> None:
    keys: dict[int, int | bytes] = {
        zmq.CURVE_SECRETKEY: secret,
        zmq.CURVE_PUBLICKEY: bytes(PrivateKey(secret).public_key),
    }
    for option, value in {**_EVERY, **keys, **options}.items():
        one.setsockopt(option, value)


def _received(one: "zmq.Socket[bytes]") -> list[bytes] | None:
    try:
        return one.recv_multipart(zmq.NOBLOCK)
    except zmq.Again:
        return None


def _rest(one: "zmq.Socket[bytes]", *, is_more: bool) -> Iterator[bytes]:
    """Return the other frames of a message; of those over the bound, nothing is kept."""
    for count in itertools.count(2):
        if not is_more:
            return
        frame = one.recv(zmq.NOBLOCK, copy=False)
        is_more = frame.more
        if count <= MAX_FRAMES + 1:
            yield frame.bytes


def _property(frame: zmq.Frame, name: str) -> str:
    """Return what the other end said of itself in the handshake; "?" for what is no text."""
    try:
        return str(frame.get(name))
    except zmq.ZMQError:
        return ""
    except UnicodeDecodeError:
        return "?"


def _sent(one: "zmq.Socket[bytes]", frames: tuple[bytes, ...]) -> bool:
    """Send a message if it can go at once; that a connection is gone, its monitor will say."""
    try:
        one.send_multipart(frames, zmq.NOBLOCK)
    except zmq.ZMQError:  # the queue is full, or there is no connection
        return False
    return True


def _happened(monitor: "zmq.Socket[bytes]") -> Iterator[tuple[int, int]]:
    """Return the events of a socket and their values."""
    while (frames := _received(monitor)) is not None:
        message = parse_monitor_message(frames)
        yield int(message["event"]), int(message["value"])


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
