"""Metrics: the port on loopback where Prometheus reads a peer's figures.

It knows one request, GET /metrics, from this machine, asked of this machine: a web page that was
led here by a name of its own is refused. What asks is bounded in size, number and time.

>>> port = await MetricsPort.open(9_177, figures.text)                  # doctest: +SKIP
>>> await port.close()                                                   # doctest: +SKIP
"""

import asyncio
import contextlib
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from typing import Final, Self

from peers.errors import LocalFault

HOST: Final = "127.0.0.1"
MAX_REQUEST: Final = 8_192  # bytes, up to the empty line
MAX_ASKING: Final = 8  # at one time
PATIENCE_S: Final = 5

_REQUEST: Final = re.compile(rb"([A-Z]{1,10}) (\S+) HTTP/1\.[01]\r\n", re.ASCII)
_HERE: Final = re.compile(
    rb"\r\nhost:[ \t]*(localhost|127\.0\.0\.1|\[::1\])(:\d+)?[ \t]*\r\n", re.ASCII | re.IGNORECASE
)
_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class MetricsPort:
    """A port that answers with figures."""

    def __init__(self, figures: Callable[[], str]) -> None:
        self._figures = figures
        self._server: asyncio.Server | None = None
        self._asking: set[StreamWriter] = set()
        self.port = 0

    @classmethod
    async def open(cls, port: int, figures: Callable[[], str]) -> Self:
        """Answer at a port of loopback, 0 for a free one, with what `figures` returns then.

        Raises: LocalFault when the port cannot be had.
        """
        opened = cls(figures)
        try:
            opened._server = await asyncio.start_server(
                opened._answer, HOST, port, limit=MAX_REQUEST, backlog=MAX_ASKING
            )
        except OSError as error:
            what = f"metrics cannot be served on {HOST}:{port}: {error.strerror}"
            raise LocalFault(what, fix="choose another port, or 0 for a free one") from error
        opened.port = opened._server.sockets[0].getsockname()[1]
        return opened

    async def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.close()
            for writer in tuple(self._asking):
                writer.close()
            await self._server.wait_closed()

    async def _answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        with contextlib.closing(writer):
            if len(self._asking) >= MAX_ASKING:
                return
            self._asking.add(writer)
            try:
                async with asyncio.timeout(PATIENCE_S):
                    asked = await reader.readuntil(b"\r\n\r\n")
                    writer.write(self._reply(asked))
                    await writer.drain()
            except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                return  # whoever asked is gone, or was never going to ask
            finally:
                self._asking.discard(writer)

    def _reply(self, asked: bytes) -> bytes:
        request = _REQUEST.match(asked)
        if request is None:
            return _http("400 Bad Request", "this is no request of HTTP/1.1")
        if _HERE.search(asked) is None:
            return _http("421 Misdirected Request", "ask for it as localhost")
        if request[2] != b"/metrics":
            return _http("404 Not Found", "there is /metrics")
        if request[1] != b"GET":
            return _http("405 Method Not Allowed", "GET it")
        return _http("200 OK", self._figures())


def _http(status: str, text: str) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {_TYPE}\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
