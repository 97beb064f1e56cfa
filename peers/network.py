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
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from peers import network_messages as messages
from peers.connection import Arrival, Channel, Connection, Ended, Place
from peers.errors import RemoteFault
from peers.gate import Limits
from peers.listening import listening
from peers.network_frames import Frame, Kind
from peers.network_lines import NetworkLines
from peers.pipe import Lot, Pipe
from peers.shared import Shared, shared

GONE: Final = "the network process has ended"

_FIRST_S: Final = 0.1  # until it is started again; doubled each time ...
_LONGEST_S: Final = 5.0
_STEADY_S: Final = 30.0  # ... unless the last one lived for so long
_LAST_WORDS: Final = 2_000  # bytes of what it wrote before it died
_BOOT: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from peers.network_process import main; main()"
)
_MALLOC: Final = {  # of the system's C library
    "MALLOC_ARENA_MAX": "1",  # else it reserves 64 MiB a thread
    "MALLOC_MMAP_THRESHOLD_": str(2**25),  # else each large message is memory that is new
    "MALLOC_TRIM_THRESHOLD_": str(2**26),
}
_PACKAGES: Final = str(Path(__file__).parents[1])  # where `peers` is imported from


class _Child:
    """The process that lives now."""

    def __init__(self, listening_at: list[tuple[socket.socket, Channel]]) -> None:
        (control, bulk), theirs = zip(*(socket.socketpair() for _ in Channel), strict=True)
        out, back = shared(), shared()
        self._errors = os.memfd_create("errors", os.MFD_CLOEXEC)
        numbers = [*(one.fileno() for one in theirs), back, out]
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-c", _BOOT, _PACKAGES, *map(str, numbers)],
                pass_fds=(*numbers, *(made.fileno() for made, _ in listening_at)),
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
                start_new_session=True,  # a terminal's Ctrl-C is the node's to judge
                env={**os.environ, **_MALLOC},
            )
        finally:
            for one in theirs:
                one.close()
        lot = Lot(Shared(out), Shared(back))
        self.pipes = {Channel.CONTROL: Pipe(control, None), Channel.BULK: Pipe(bulk, lot)}
        self.began_s = time.monotonic()

    def end(self) -> str:
        """End it, if it lives; return why it died."""
        self.process.kill()
        code = self.process.wait()
        for pipe in self.pipes.values():
            pipe.close()
        size = os.fstat(self._errors).st_size
        said = os.pread(self._errors, _LAST_WORDS, max(0, size - _LAST_WORDS))
        os.close(self._errors)
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        how = signal.Signals(-code).name if code < 0 else f"exit {code}"
        return f"{how}: {last}" if last else how


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
        self._child: _Child | None = None
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
        """Start the process; from now on things arrive, in the thread of `loop`."""
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
        self._child = child = _Child(self._listening)
        for channel, pipe in child.pipes.items():
            self._loop.add_reader(pipe.socket, self._read, child, channel)
        numbers = tuple((made.fileno(), channel) for made, channel in self._listening)
        start = messages.Start(self._secret, self._limits, numbers)
        self._say(Channel.CONTROL, messages.start(start))

    def _say(self, channel: Channel, frame: Frame) -> None:
        if not self._child:
            return
        pipe = self._child.pipes[channel]
        pipe.send(frame)
        if channel not in self._written:  # in one go with what is said in this turn of the loop
            self._written.add(channel)
            self._loop_now.call_soon(self._write, self._child, channel)

    def _write(self, child: _Child, channel: Channel) -> None:
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

    def _read(self, child: _Child, channel: Channel) -> None:
        """Take what the process says."""
        try:
            for frame in child.pipes[channel].receive():
                if frame.kind is Kind.READY:
                    self._log("network started", pid=self.pid)
                elif arrival := self._lines.arrival(channel, frame):
                    self._tell(arrival)
                if child is not self._child:
                    return
        except EOFError:
            self._end("")
        except RemoteFault as fault:
            self._end(f"it is not to be trusted: {fault.what}")

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
        again_ms = round(1_000 * self._wait_s)
        self._log("network ended", pid=child.process.pid, why=fault or why, again_ms=again_ms)
        self._loop_now.call_later(self._wait_s, self._begin)
        self._wait_s = min(2 * self._wait_s, _LONGEST_S)
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
