"""Splice: two TCP connections as one: what comes from either is passed on to the other.

Nothing is read of it: inside is ZMTP with CURVE, whose ends are not here. What is held of each way
is one piece, so that who takes nothing holds up who sends, and nobody fills our memory.

>>> await splice(one, other)                                             # doctest: +SKIP
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

PIECE: Final = 128 * 1024  # bytes that are read at once
IDLE_S: Final = 60  # without a byte either way: a living line has a sign of life every 5 seconds

Hold: TypeAlias = Callable[[int], Awaitable[None]]  # wait until so many bytes may pass


async def splice(one: socket.socket, other: socket.socket, hold: Hold | None = None) -> None:
    """Pass bytes on both ways, until one end is gone or nothing passes; both stay open."""
    passing = _Passing(hold)
    ways = [asyncio.create_task(passing.on(*way)) for way in ((one, other), (other, one))]
    try:
        before = -1
        while before != passing.count:
            before = passing.count
            ended, _ = await asyncio.wait(ways, timeout=IDLE_S, return_when=asyncio.FIRST_COMPLETED)
            if ended:
                return
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


class _Passing:
    def __init__(self, hold: Hold | None) -> None:
        self.count = 0  # pieces that were passed on
        self._hold = hold

    async def on(self, source: socket.socket, sink: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while piece := await loop.sock_recv(source, PIECE):
                if self._hold is not None:
                    await self._hold(len(piece))
                await loop.sock_sendall(sink, piece)
                self.count += 1


async def connected(host: str, port: int, timeout_s: float) -> socket.socket:
    """Return a TCP connection that is made.

    Raises: OSError when there is none, in time.
    """
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    async with asyncio.timeout(timeout_s):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        return await _connect(found[0][4], family)


async def _connect(where: tuple[Any, ...], family: int) -> socket.socket:
    made = prepared(socket.socket(family, socket.SOCK_STREAM))
    try:
        await asyncio.get_running_loop().sock_connect(made, where)
    except BaseException:  # a timeout too, which cancels: the socket is nobody else's
        made.close()
        raise
    return made


def prepared(tcp: socket.socket) -> socket.socket:
    """Return a TCP socket that never blocks, and sends at once."""
    tcp.setblocking(False)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return tcp


async def read_exactly(tcp: socket.socket, size: int, timeout_s: float) -> bytes:
    """Return so many bytes and read no further.

    Raises: OSError when they do not come, in time.
    """
    loop, read = asyncio.get_running_loop(), b""
    async with asyncio.timeout(timeout_s):
        while len(read) < size:
            more = await loop.sock_recv(tcp, size - len(read))
            if not more:
                raise ConnectionError("the connection ended")
            read += more
    return read
