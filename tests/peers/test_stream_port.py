"""Streams that an IPFS node brings: to our ports, by who sends them, and to nothing else."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

from engine.clock import SystemClock
from peers.gate import Limits
from peers.loopback import is_carried
from peers.mounts import port_of
from peers.splice import connected, prepared, read_exactly
from peers.stream_port import Few, StreamPort

HOST = "127.64.1.2"
CLOCK = SystemClock()
PATIENCE_S = 30
NODE, OTHER = (f"12D3KooW{letter * 44}" for letter in "ab")


def serving(use: Callable[[StreamPort], Awaitable[None]], limits: Few = Few()) -> None:  # noqa: B008
    """Take streams while something happens."""

    async def serve() -> None:
        port = StreamPort.open(HOST, CLOCK, limits)
        try:
            await asyncio.wait_for(use(port), PATIENCE_S)
        finally:
            port.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait(others, timeout=PATIENCE_S) if others else None

    asyncio.run(serve())


class Echo:
    """A port of ours, which says everything again, and knows from where it came."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.setblocking(False)
        self.port = self._listening.getsockname()[1]
        self._tasks = [asyncio.create_task(self._accept())]

    async def _accept(self) -> None:
        with self._listening:
            while True:
                stream, (host, _) = await asyncio.get_running_loop().sock_accept(self._listening)
                self.came.append(host)
                self._tasks.append(asyncio.create_task(self._echo(prepared(stream))))

    async def _echo(self, stream: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with stream, contextlib.suppress(OSError):
            while said := await loop.sock_recv(stream, 2**16):
                await loop.sock_sendall(stream, said)

    async def close(self) -> None:
        """Be gone."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def echoing() -> AsyncIterator[Echo]:
    """Lend such a port."""
    echo = Echo()
    try:
        yield echo
    finally:
        await echo.close()


@contextlib.asynccontextmanager
async def comes(at: str, said: bytes) -> AsyncIterator[socket.socket]:
    """Bring a stream, as an IPFS node does."""
    with await connected(HOST, port_of(at), PATIENCE_S) as stream:
        await asyncio.get_running_loop().sock_sendall(stream, said)
        yield stream


async def heard(stream: socket.socket) -> bytes:
    """Return all that is said until the stream ends."""
    loop, said = asyncio.get_running_loop(), b""
    with contextlib.suppress(ConnectionError):
        while more := await loop.sock_recv(stream, 2**16):
            said += more
    return said


def line(node: str) -> bytes:
    """Return how a stream of a node begins."""
    return f"{node}\n".encode()


def test_a_stream_goes_to_our_port() -> None:
    """Without the line, and from an address that says that it is carried."""

    async def use(port: StreamPort) -> None:
        async with echoing() as echo:
            at = port.lead("127.0.0.1", echo.port)
            async with comes(at, line(NODE) + b"hel") as stream:
                await asyncio.get_running_loop().sock_sendall(stream, b"lo")
                assert await read_exactly(stream, 5, PATIENCE_S) == b"hello"
            assert list(map(is_carried, echo.came)) == [True]

    serving(use)


def test_who_asks_is_told_who_we_are() -> None:
    """As it is then, and the stream ends."""
    words = iter([b"one", b"two"])

    async def use(port: StreamPort) -> None:
        at = port.tell(lambda: next(words))
        for word in (b"one", b"two"):
            async with comes(at, line(NODE)) as stream:
                assert await heard(stream) == word

    serving(use)


def test_who_does_not_say_where_it_comes_from_gets_nothing() -> None:
    """Nor who says it at length, or in other letters."""

    async def use(port: StreamPort) -> None:
        at = port.tell(lambda: b"secret")
        for said in (b"a\n", b"a" * 200, b"a" * 50 + b"/\n", b"\n", line(NODE)[:-1]):
            async with comes(at, said) as stream:
                stream.shutdown(socket.SHUT_WR)
                assert await heard(stream) == b""

    serving(use)


def test_one_node_takes_its_share_and_no_more() -> None:
    """Another still gets through; what ended counts no more."""
    limits = Few(Limits(connections=4, per_host=2, handshakes_s=1), all_s=8)

    async def use(port: StreamPort) -> None:
        async with echoing() as echo:
            at = port.lead("127.0.0.1", echo.port)
            async with comes(at, line(NODE) + b"x") as one, comes(at, line(NODE) + b"x") as two:
                assert await read_exactly(one, 1, PATIENCE_S) == b"x"
                assert await read_exactly(two, 1, PATIENCE_S) == b"x"
                async with comes(at, line(NODE) + b"x") as refused:
                    assert await heard(refused) == b""
                async with comes(at, line(OTHER) + b"y") as other:
                    assert await read_exactly(other, 1, PATIENCE_S) == b"y"
            while not await is_let_in(at):
                await asyncio.sleep(0.05)

    serving(use, limits)


async def is_let_in(at: str) -> bool:
    """Return whether another stream of a node gets through."""
    async with comes(at, line(NODE) + b"z") as stream:
        try:
            return await read_exactly(stream, 1, PATIENCE_S) == b"z"
        except ConnectionError:
            return False


def test_streams_are_not_too_often() -> None:
    """Of all nodes together: who changes its id gains nothing."""

    async def use(port: StreamPort) -> None:
        at = port.tell(lambda: b"who")
        answers = []
        for number in range(200):
            async with comes(at, line(f"{NODE[:-3]}{number:03}")) as stream:
                answers.append(await heard(stream))
        assert 16 <= answers.count(b"who") < 200

    serving(use)


def test_a_port_of_ours_that_is_gone_ends_the_stream() -> None:
    """Nothing else is reached."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        number = gone.getsockname()[1]

    async def use(port: StreamPort) -> None:
        at = port.lead("127.0.0.1", number)
        async with comes(at, line(NODE) + b"x") as stream:
            assert await heard(stream) == b""

    serving(use)
