"""Stream port: where an IPFS node of this machine brings what others send to this peer's ports.

Each stream begins with the id of the node that it comes from, on a line, so that nobody takes what
is for others: to our own ports they would all seem to come from one host. It is passed on to one of
our ports, or told who we are, and nothing else can be reached so.

>>> port = StreamPort.open("127.64.1.2", clock)                          # doctest: +SKIP
>>> port.lead(mount(4177), "127.0.0.1", 4177)                            # doctest: +SKIP
'/ip4/127.64.1.2/tcp/35001'
"""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final, TypeAlias

from engine.clock import Clock
from engine.values import dataclass
from peers.allowance import Allowance, Rate
from peers.errors import LocalFault
from peers.gate import Gate, Limits
from peers.identity import is_node
from peers.splice import PIECE, prepared, splice

MAX_LINE: Final = 100  # bytes of the id of a node and the end of its line
LINE_S: Final = 5  # for it to come, and for what follows
SEND_S: Final = 5
MAX_UNNAMED: Final = 32  # whose line has not come

_AGAIN_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Few:
    """How much of this peer there is for what is brought so."""

    gate: Limits = Limits(connections=64, per_host=8, handshakes_s=1)  # a host is a node here
    all_s: int = 8  # streams a second, after a burst of twice as many


Use: TypeAlias = Callable[[socket.socket, bytes], Awaitable[None]]  # a stream, what came of it


class StreamPort:
    """Ports of loopback for one IPFS node. For the loop it was opened in."""

    def __init__(self, host: str, clock: Clock, limits: Few) -> None:
        self._host = host
        self._clock = clock
        self._gate = Gate(limits.gate)
        self._all = Allowance(Rate(limits.all_s, 1), clock.monotonic_ms())
        self._numbers = itertools.count(1)
        self._unnamed = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def open(cls, host: str, clock: Clock, limits: Few = Few()) -> "StreamPort":  # noqa: B008
        """Take streams at an address of loopback."""
        return cls(host, clock, limits)

    def lead(self, host: str, port: int) -> str:
        """Return the multiaddress from which one is led to a port of ours.

        Raises: LocalFault when it cannot be had.
        """
        return self._serve(partial(self._pass_on, host, port))

    def tell(self, said: Callable[[], bytes]) -> str:
        """Return the multiaddress at which one is told something, and no more.

        Raises: LocalFault when it cannot be had.
        """
        return self._serve(partial(self._say, said))

    def close(self) -> None:
        """Take nothing any more, and end what there is."""
        for task in self._tasks:
            task.cancel()

    def _serve(self, use: Use) -> str:
        try:
            listening = socket.create_server((self._host, 0), backlog=16)
        except OSError as error:
            what = f"there is no port on {self._host}: {error.strerror}"
            raise LocalFault(
                what, fix="streams of IPFS need Linux, with all of 127.0.0.0/8"
            ) from error
        listening.setblocking(False)
        accepting = self._begin(self._accept(listening, use))
        accepting.add_done_callback(lambda _: listening.close())
        return f"/ip4/{self._host}/tcp/{listening.getsockname()[1]}"

    async def _accept(self, listening: socket.socket, use: Use) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                stream, _ = await loop.sock_accept(listening)
            except OSError:  # who came is gone again, or too many files are open
                await asyncio.sleep(_AGAIN_S)
                continue
            if self._unnamed < MAX_UNNAMED:
                self._begin(self._take(prepared(stream), use))
            else:
                stream.close()

    async def _take(self, stream: socket.socket, use: Use) -> None:
        """Let a stream name its node, and have its part in what follows."""
        with contextlib.suppress(OSError), stream:
            self._unnamed += 1
            try:
                node, rest = await _named(stream)
            finally:
                self._unnamed -= 1
            number, now_ms = next(self._numbers), self._clock.monotonic_ms()
            try:
                refused = self._gate.enter(number, node, now_ms)
                refused = refused or self._gate.refusal(b"", node, now_ms)
                if not refused and self._all.take(now_ms, 0):  # who is refused is not counted
                    await use(stream, rest)
            finally:
                self._gate.leave(number)

    async def _say(self, said: Callable[[], bytes], stream: socket.socket, _: bytes) -> None:
        async with asyncio.timeout(SEND_S):
            await asyncio.get_running_loop().sock_sendall(stream, said())

    async def _pass_on(self, host: str, port: int, stream: socket.socket, rest: bytes) -> None:
        ours = await self._connected(host, port)
        with ours:
            await asyncio.get_running_loop().sock_sendall(ours, rest)
            await splice(stream, ours)

    async def _connected(self, host: str, port: int) -> socket.socket:
        """Return a connection to a port of ours, from an address that says that it is carried."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        ours = prepared(socket.socket(family, socket.SOCK_STREAM))
        try:
            if family == socket.AF_INET:
                ours.bind((self._host, 0))
            async with asyncio.timeout(LINE_S):
                await asyncio.get_running_loop().sock_connect(ours, (host, port))
        except BaseException:
            ours.close()
            raise
        return ours

    def _begin(self, job: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _named(stream: socket.socket) -> tuple[str, bytes]:
    """Return from which node a stream comes, and what of it has come besides.

    Raises: OSError when it does not say so, in time.
    """
    came, loop = b"", asyncio.get_running_loop()
    async with asyncio.timeout(LINE_S):
        while b"\n" not in came[:MAX_LINE]:
            more = await loop.sock_recv(stream, PIECE)
            if not more or len(came) >= MAX_LINE:
                raise ConnectionError("it does not say where it comes from")
            came += more
    line, _, rest = came.partition(b"\n")
    node = line.decode("ascii", "replace")
    if not is_node(node):
        raise ConnectionError("it does not say where it comes from")
    return node, rest
