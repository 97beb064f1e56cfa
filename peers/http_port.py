"""HttpPort: where anybody reads public content by HTTP, and can do nothing else.

What asks is bounded: in number, in how long it may take to ask and to take what it is sent, in what
is kept for it. Content is read by threads, a block at a time, while the block before it goes out.

>>> port = HttpPort(server_socket, public, store.get)                    # doctest: +SKIP
>>> await port.serve()                                                    # doctest: +SKIP
"""

import asyncio
import contextlib
import socket
from asyncio import IncompleteReadError, LimitOverrunError, StreamReader, StreamWriter
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from engine.content.cid import Cid
from engine.content.reader import Get
from engine.errors import TallyError
from peers.http_content import NOTHING, answer
from peers.http_reply import NoAnswer, Reply, head, plain
from peers.http_request import MAX_HEAD, Asked, parse

MAX_OPEN: Final = 64  # connections; what is kept for one is two blocks, of 1 MiB mostly
MAX_FROM: Final = 32  # of them, from one address: stock Nix opens 25
MAX_LONG: Final = 4  # CARs and listings at one time: each remembers the names of what it has read
PATIENCE_S: Final = 20  # for a whole request, also for the next on a connection
SLOWEST_S: Final = 30  # for what is sent of one block to be taken: 35 kB/s
FINDING_S: Final = 60  # for finding out whether something is public
READERS: Final = 4  # threads
_BUFFER: Final = 256 * 1024  # bytes that wait for a socket before more is read


class Public(Protocol):
    """What knows what is public."""

    def is_root(self, cid: Cid) -> bool:
        """Return whether this was published."""
        ...

    def has(self, cid: Cid) -> bool:
        """Return whether this is public."""
        ...


class HttpPort:
    """A port that answers with content."""

    def __init__(self, listening: socket.socket, public: Public, get: Get) -> None:
        """Answer at a socket that listens; `get` returns checked blocks, for several threads."""
        self._listening = listening
        self._public = public
        self._get = get
        self._open: Counter[str] = Counter()
        self._long = asyncio.Semaphore(MAX_LONG)
        self._readers = ThreadPoolExecutor(READERS, "read")
        self._finder = ThreadPoolExecutor(1, "find")  # it may take long, and reading goes on

    async def serve(self) -> None:
        """Answer until this is cancelled."""
        server = await asyncio.start_server(
            self._connected, sock=self._listening, limit=MAX_HEAD, backlog=MAX_OPEN
        )
        async with server:
            await server.serve_forever()

    async def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        host = str((writer.get_extra_info("peername") or ("",))[0])
        writer.transport.set_write_buffer_limits(high=_BUFFER)
        self._open[host] += 1
        try:
            if self._open.total() > MAX_OPEN or self._open[host] > MAX_FROM:
                await self._send(writer, None, _busy())
            else:
                await self._converse(reader, writer)
            writer.close()
            async with asyncio.timeout(SLOWEST_S):
                await writer.wait_closed()
        except (OSError, TimeoutError, IncompleteReadError, LimitOverrunError):
            pass  # whoever asked is gone, or was never going to ask
        finally:
            writer.transport.abort()
            self._open[host] -= 1
            self._open += Counter()  # without those of whom none is left

    async def _converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer requests, one after another."""
        is_kept = True
        while is_kept:
            async with asyncio.timeout(PATIENCE_S):
                raw = await reader.readuntil(b"\r\n\r\n")
            asked: Asked | None = None
            try:
                asked = parse(raw)
                reply = await self._reply(asked)
                if reply.is_long and asked.has_body and self._long.locked():
                    reply = _busy()
            except NoAnswer as no:
                reply = plain(no.status, no.what, **no.headers)
            is_kept = await self._send(writer, asked, reply)

    async def _reply(self, asked: Asked) -> Reply:
        loop = asyncio.get_running_loop()
        try:
            if asked.cid is not None:
                async with asyncio.timeout(FINDING_S):
                    if not await self._may_have(asked.cid):
                        raise NoAnswer(404, NOTHING)
            return await loop.run_in_executor(self._readers, answer, asked, self._get)
        except TimeoutError:
            return _busy()
        except NoAnswer:
            raise
        except TallyError:
            raise NoAnswer(500, "the store cannot be read") from None

    async def _may_have(self, cid: Cid) -> bool:
        loop = asyncio.get_running_loop()
        if await loop.run_in_executor(self._readers, self._public.is_root, cid):
            return True
        return await loop.run_in_executor(self._finder, self._public.has, cid)

    async def _send(self, writer: StreamWriter, asked: Asked | None, reply: Reply) -> bool:
        """Send an answer; return whether another request may come."""
        has_body = asked is None or asked.has_body
        is_new = asked is not None and asked.is_new
        is_chunked = reply.size is None and is_new
        is_kept = asked is not None and asked.is_kept and (reply.size is not None or is_chunked)
        writer.write(head(reply, is_kept=is_kept, is_chunked=is_chunked))
        if has_body and reply.status != 304:
            async with self._long if reply.is_long else contextlib.nullcontext():
                await self._send_body(writer, reply.body, is_chunked=is_chunked)
        await _taken(writer)
        return is_kept

    async def _send_body(
        self, writer: StreamWriter, body: Iterable[bytes], *, is_chunked: bool
    ) -> None:
        """Send a body, reading on while it is taken.

        Raises: OSError when it cannot be read to its end: the connection is cut then.
        """
        pieces = iter(body)
        coming = self._read(pieces)
        try:
            while (piece := await coming) is not None:
                coming = self._read(pieces)
                if piece and is_chunked:
                    writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                elif piece:
                    writer.write(piece)
                await _taken(writer)
        finally:
            with contextlib.suppress(OSError):  # so that no thread is in it any more
                await coming
        if is_chunked:
            writer.write(b"0\r\n\r\n")

    def _read(self, pieces: Iterator[bytes]) -> asyncio.Future[bytes | None]:
        return asyncio.get_running_loop().run_in_executor(self._readers, _next, pieces)


def _next(pieces: Iterator[bytes]) -> bytes | None:
    """Return the next piece of a body, None at its end.

    Raises: OSError when there is none that can be sent.
    """
    try:
        return next(pieces, None)
    except TallyError as error:
        raise OSError(error.what) from None


async def _taken(writer: StreamWriter) -> None:
    """Wait until most of what was written is gone.

    Raises: TimeoutError when that takes too long.
    """
    async with asyncio.timeout(SLOWEST_S):
        await writer.drain()


def _busy() -> Reply:
    return plain(503, "too much is asked at once: try again in a while", Retry_After="5")
