"""Tunnel: a line to a peer through a relay, for a transport that only knows hosts and ports.

Who wants the line connects to a port of its own loopback, which leads to the relay; the other peer
dials the relay as well, and then its own port. So neither end knows that there is a relay between.

>>> tunnel = Tunnel.open(enter)                                         # doctest: +SKIP
>>> place = Place(HOST, tunnel.port, curve_key)                          # doctest: +SKIP
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, Self, TypeAlias

from engine.errors import Refused, Unavailable
from peers.errors import LocalFault
from peers.relay import LIFE_MS
from peers.splice import PIECE, connected, prepared, splice

HOST: Final = "127.0.0.1"
MAX_STREAMS: Final = 4  # through one tunnel: a line that is dialled again, and the one before
DIAL_S: Final = 10

_LIFE_S: Final = LIFE_MS / 1000
_AGAIN_S: Final = 0.1


class Entrance(NamedTuple):
    """Where a relay takes a stream, and by which token."""

    host: str
    port: int
    token: bytes


Enter: TypeAlias = Callable[[], Awaitable[Entrance]]  # raises Refused, Unavailable


class Tunnel:
    """A port of loopback that leads to another peer."""

    def __init__(self, listening: socket.socket, enter: Enter) -> None:
        self.port: int = listening.getsockname()[1]
        self._listening = listening
        self._enter = enter
        self._streams: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.get_running_loop().create_task(self._accept())
        self._accepting.add_done_callback(lambda _: listening.close())

    @classmethod
    def open(cls, enter: Enter) -> Self:
        """Open one; each line through it needs an entrance.

        Raises: LocalFault when no port can be had.
        """
        try:
            listening = socket.create_server((HOST, 0), backlog=MAX_STREAMS)
        except OSError as error:
            what = f"there is no port on {HOST}: {error.strerror}"
            raise LocalFault(what, fix="end some programs") from error
        listening.setblocking(False)
        return cls(listening, enter)

    def close(self) -> None:
        """Let nobody through any more, and end who is."""
        for task in (self._accepting, *self._streams):
            task.cancel()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                stream, _ = await loop.sock_accept(self._listening)
            except OSError:  # who came is gone again, or too many files are open
                await asyncio.sleep(_AGAIN_S)
                continue
            if len(self._streams) >= MAX_STREAMS:
                stream.close()
                continue
            task = loop.create_task(self._lead(prepared(stream)))
            self._streams.add(task)
            task.add_done_callback(self._streams.discard)

    async def _lead(self, stream: socket.socket) -> None:
        """Lead who came to the relay; when that fails, the end of the stream says so."""
        with contextlib.suppress(OSError, Refused, Unavailable), stream:
            relay = await entered(await self._enter())
            with relay:
                await splice(stream, relay)


async def entered(entrance: Entrance) -> socket.socket:
    """Return a stream to a relay that has said its token.

    Raises: OSError when there is none.
    """
    relay = await connected(entrance.host, entrance.port, DIAL_S)
    try:
        await asyncio.get_running_loop().sock_sendall(relay, entrance.token)
    except BaseException:  # being cancelled too: nobody else knows the stream
        relay.close()
        raise
    return relay


async def answer(entrance: Entrance, host: str, port: int) -> None:
    """Lead who comes through a relay to a port of ours, until one of the two is gone.

    That port is dialled when something comes: it waits no longer for a greeting than it must.
    """
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError), await entered(entrance) as relay:
        async with asyncio.timeout(_LIFE_S):
            first = await loop.sock_recv(relay, PIECE)
        if first:
            with await connected(host, port, DIAL_S) as ours:
                await loop.sock_sendall(ours, first)
                await splice(relay, ours)
