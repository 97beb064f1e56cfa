"""Network: a Carrier whose sockets are in a process of its own (network_process.py).

That process reads what strangers send, under limits; when it dies, every connection has ended, and
another is started, at the same ports: the sockets that listen stay here. What it says is checked
as a stranger's. All of this is for the one thread of the node's loop.

>>> network = Network(secret, Limits(), arrived=take, log=log)           # doctest: +SKIP
>>> network.listen("0.0.0.0", 7411, Channel.CONTROL)                     # doctest: +SKIP
>>> network.start(asyncio.get_running_loop())                            # doctest: +SKIP
"""

import asyncio
import contextlib
import itertools
import socket
import time
from collections.abc import Callable
from typing import Final

from peers import network_messages as messages
from peers.connection import Arrival, Channel, Connection, Ended, Place
from peers.errors import RemoteFault
from peers.gate import Limits
from peers.listening import listening
from peers.network_child import Child
from peers.network_frames import Frame, Kind
from peers.network_lines import NetworkLines

GONE: Final = "the network process has ended"

SILENT_S: Final = 15.0  # of a process that does not even say that it is there: it hangs
CHECK_S: Final = 1.0

_FIRST_S: Final = 0.1  # until it is started again; doubled each time ...
_LONGEST_S: Final = 5.0
_STEADY_S: Final = 30.0  # ... unless the last one lived for so long


class Network:
    """The connections of a peer, by way of that process."""

    def __init__(
        self,
        secret: bytes,
        limits: Limits,
        *,
        arrived: Callable[[Arrival], None],
        log: Callable[..., None],
    ) -> None:
        """Use the X25519 key `secret`; tell `arrived`, never at once, and `log` what happens."""
        self._secret = secret
        self._limits = limits
        self._arrived = arrived
        self._log = log
        self._numbers = itertools.count(1)
        self._lines = NetworkLines(limits, self._numbers)
        self._listening: list[tuple[socket.socket, Channel]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._child: Child | None = None
        self._written: set[Channel] = set()  # pipes that wait to be written ...
        self._blocked: set[Channel] = set()  # ... of which these wait for room
        self._wait_s = _FIRST_S
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The process that has the sockets; None while there is none."""
        return self._child.process.pid if self._child else None

    def listen(self, host: str, port: int, channel: Channel) -> int:
        """Let others connect once it is started; return the port, a free one for port 0.

        Raises: LocalFault when that cannot be had.
        """
        if self._loop:
            raise ValueError("it listens before it is started")
        made = listening(host, port)
        self._listening.append((made, channel))
        return int(made.getsockname()[1])

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the process; from now on things arrive, in the thread of `loop`.

        Raises: OSError when this machine has no room for it.
        """
        self._loop = loop
        self._begin()

    def dial(self, place: Place, channel: Channel) -> Connection:
        """Begin to connect; Connected or Ended will arrive."""
        number = next(self._numbers)
        connection = Connection(number, place.curve_key, channel, place.host, is_dialled=True)
        if self._child and 0 < place.port < 2**16:
            self._lines.dialled(connection)
            self._say(channel, messages.dial(self._lines.id_of(connection) or 0, place))
        elif self._loop:
            why = GONE if self._child is None else f"there is no port {place.port}"
            self._loop.call_soon(self._tell, Ended(connection, why))
        return connection

    def send(self, connection: Connection, frames: tuple[bytes, ...]) -> bool:
        """Take a message, and Left will arrive; False when there is no room, or no connection."""
        number = self._lines.takes(connection, sum(map(len, frames)))
        if number is None:
            return False
        self._say(connection.channel, Frame(Kind.MESSAGE, number, frames))
        return True

    def cut(self, connection: Connection) -> None:
        """End a connection now; nothing more arrives on it."""
        number = self._lines.ended(connection)
        if number is not None:
            self._say(connection.channel, messages.bare(Kind.CUT, number))

    def shut_out(self, curve_key: bytes, for_ms: int) -> None:
        """Let nobody with this key connect for a time, or until the process is started again."""
        self._say(Channel.CONTROL, messages.shut_out(curve_key, for_ms))

    def close(self) -> None:
        """End every connection, and the process."""
        self._is_closed = True
        self._drop()
        for made, _ in self._listening:
            made.close()

    def _begin(self) -> None:
        if self._is_closed or not self._loop:
            return
        self._child = child = Child(self._listening)
        for channel, pipe in child.pipes.items():
            self._loop.add_reader(pipe.socket, self._read, child, channel)
        self._loop.call_later(CHECK_S, self._check, child)
        numbers = tuple((made.fileno(), channel) for made, channel in self._listening)
        start = messages.Start(self._secret, self._limits, numbers)
        self._say(Channel.CONTROL, messages.start(start))

    def _begin_later(self) -> None:
        self._loop_now.call_later(self._wait_s, self._begin_again)
        self._wait_s = min(2 * self._wait_s, _LONGEST_S)

    def _begin_again(self) -> None:
        try:
            self._begin()
        except OSError as error:
            self._log("network not started", why=error.strerror)
            self._begin_later()

    def _say(self, channel: Channel, frame: Frame) -> None:
        if not self._child:
            return
        pipe = self._child.pipes[channel]
        pipe.send(frame)
        if channel not in self._written:  # in one go with what is said in this turn of the loop
            self._written.add(channel)
            self._loop_now.call_soon(self._write, self._child, channel)

    def _write(self, child: Child, channel: Channel) -> None:
        """Write what can be written; and go on when there is room."""
        if child is not self._child:
            return
        pipe = child.pipes[channel]
        is_clear = pipe.flush()
        if is_clear:
            self._written.discard(channel)
        if is_clear and channel in self._blocked:
            self._blocked.discard(channel)
            self._loop_now.remove_writer(pipe.socket)
        elif not is_clear and channel not in self._blocked:
            self._blocked.add(channel)
            self._loop_now.add_writer(pipe.socket, self._write, child, channel)

    def _read(self, child: Child, channel: Channel) -> None:
        """Take what the process says."""
        try:
            for frame in child.pipes[channel].receive():
                if frame.kind is Kind.READY:
                    self._ready(child, messages.unpack_ready(frame))
                elif arrival := self._lines.arrival(channel, frame):
                    self._tell(arrival)
                if child is not self._child:
                    return
        except EOFError:
            self._end("")
        except RemoteFault as fault:
            self._end(f"it is not to be trusted: {fault.what}")

    def _ready(self, child: Child, landlock: int) -> None:
        child.heard_s = time.monotonic()
        if not child.is_ready:
            child.is_ready = True
            self._log("network started", pid=child.process.pid, landlock=landlock)

    def _check(self, child: Child) -> None:
        """End a process that hangs."""
        if child is not self._child:
            return
        if time.monotonic() - child.heard_s > SILENT_S:
            self._end("it hangs")
        else:
            self._loop_now.call_later(CHECK_S, self._check, child)

    def _tell(self, arrival: Arrival) -> None:
        """Tell the owner. An error of its own is no reason not to tell the next."""
        try:
            self._arrived(arrival)
        except Exception as error:
            said = {"message": "what arrived was not dealt with", "exception": error}
            self._loop_now.call_exception_handler(said)

    def _end(self, fault: str) -> None:
        """Take it that the process is gone, or is to go; start another in a while."""
        child = self._child
        if child is None or self._is_closed:
            return
        why = self._drop()
        if time.monotonic() - child.began_s >= _STEADY_S:
            self._wait_s = _FIRST_S
        self._log("network ended", pid=child.process.pid, why=fault or why)
        self._begin_later()
        for connection in self._lines.clear():
            self._tell(Ended(connection, GONE))

    def _drop(self) -> str:
        child, self._child = self._child, None
        self._written.clear()
        self._blocked.clear()
        if child is None:
            return ""
        for pipe in child.pipes.values():
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop_now.remove_reader(pipe.socket)
                self._loop_now.remove_writer(pipe.socket)
        return child.end()

    @property
    def _loop_now(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise ValueError("it is not started")
        return self._loop
