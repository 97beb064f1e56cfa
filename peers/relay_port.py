"""Relay port: where streams come that are to be passed on, each beginning with its token.

Who has a token was asked for by a peer that we know (relay.py); nobody else is passed on, and of
what comes after the token nothing is read.

>>> port = RelayPort.open(relay, "0.0.0.0", 0, SystemClock())            # doctest: +SKIP
>>> port.close()                                                         # doctest: +SKIP
"""

import asyncio
import contextlib
import itertools
import socket
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Final, Self

from engine.clock import Clock
from engine.values import dataclass
from peers.allowance import Allowance, Rate
from peers.errors import LocalFault
from peers.relay import TOKEN, Joined, Relay
from peers.splice import prepared, read_exactly, splice

TOKEN_S: Final = 5  # for a token to come
MAX_SILENT: Final = 64  # streams whose token has not come
MAX_SILENT_HOST: Final = 8  # of them, of one host
SWEEP_S: Final = 1
AGAIN_S: Final = 0.1

_MIB: Final = 1024**2
_PIECES: Final = 1_000_000  # a second: it is not their number that counts


@dataclass(frozen=True, slots=True)
class Speed:
    """How many bytes a second are passed on, both ways together."""

    each: int = 8 * _MIB  # of one pair of streams
    all: int = 32 * _MIB


class RelayPort:
    """A port that passes streams on. For the loop it was opened in."""

    def __init__(self, relay: Relay, listening: socket.socket, clock: Clock, speed: Speed) -> None:
        self.port: int = listening.getsockname()[1]
        self.passed = 0  # bytes, ever
        self._relay = relay
        self._listening = listening
        self._clock = clock
        self._speed = speed
        self._all = _allowance(speed.all, clock)
        self._numbers = itertools.count(1)
        self._silent: Counter[str] = Counter()  # by host
        self._waiting: dict[int, socket.socket] = {}  # for the other stream
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def open(
        cls,
        relay: Relay,
        host: str,
        port: int,
        clock: Clock,
        speed: Speed = Speed(),  # noqa: B008
    ) -> Self:
        """Take streams at a port, 0 for a free one.

        Raises: LocalFault when it cannot be had.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listening = socket.create_server((host, port), family=family, backlog=128)
        except OSError as error:
            what = f"this peer cannot relay on {host}:{port}: {error.strerror}"
            fix = "choose another port, or end what uses this one"
            raise LocalFault(what, fix=fix) from error
        listening.setblocking(False)
        opened = cls(relay, listening, clock, speed)
        accepting = opened._begin(opened._accept())
        accepting.add_done_callback(lambda _: listening.close())
        opened._begin(opened._sweep())
        return opened

    def close(self) -> None:
        """Pass nothing on any more."""
        for task in self._tasks:
            task.cancel()
        for stream in self._waiting.values():
            stream.close()

    @property
    def pairs(self) -> int:
        """How many pairs of streams are passed on now."""
        return len(self._relay)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                stream, (host, *_) = await loop.sock_accept(self._listening)
            except OSError:  # who came is gone again, or too many files are open
                await asyncio.sleep(AGAIN_S)
                continue
            if self._silent.total() < MAX_SILENT and self._silent[host] < MAX_SILENT_HOST:
                self._silent[host] += 1
                self._begin(self._take(prepared(stream), host))
            else:
                stream.close()

    async def _take(self, stream: socket.socket, host: str) -> None:
        """Let a stream say its token, and have its part in what follows."""
        with contextlib.ExitStack() as closing:
            closing.callback(stream.close)
            try:
                token = await read_exactly(stream, TOKEN, TOKEN_S)
            except OSError:
                return
            finally:
                self._silent -= Counter((host,))  # forgets a host that has none
            number = next(self._numbers)
            came = self._relay.came(token, number, self._clock.monotonic_ms())
            if isinstance(came, Joined):
                await self._pass_on(number, self._waiting.pop(came.other), stream)
            elif came is not None:
                self._waiting[number] = stream
                closing.pop_all()

    async def _pass_on(self, number: int, one: socket.socket, other: socket.socket) -> None:
        own = _allowance(self._speed.each, self._clock)
        with one:
            try:
                await splice(one, other, lambda size: self._hold(own, size))
            finally:
                self._relay.ended(number)

    async def _hold(self, own: Allowance, size: int) -> None:
        """Wait until so many bytes may pass on one pair, and on all."""
        for allowance in (own, self._all):
            while wait_ms := allowance.wait_ms(self._clock.monotonic_ms(), size):
                await asyncio.sleep(wait_ms / 1000)
            allowance.take(self._clock.monotonic_ms(), size)
        self.passed += size

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            for number in self._relay.expire(self._clock.monotonic_ms()):
                self._waiting.pop(number).close()

    def _begin(self, what: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _allowance(size: int, clock: Clock) -> Allowance:
    return Allowance(Rate(_PIECES, size), clock.monotonic_ms(), burst_s=1)
