"""Prometheus, and nobody from elsewhere, reads a peer's figures on loopback."""

import asyncio
import urllib.request
from collections.abc import Awaitable, Callable

import pytest

from peers.errors import LocalFault
from peers.metrics import MAX_ASKING, MAX_REQUEST, MetricsPort

TEXT = "tallystick_peers 3\n"


def serving(use: Callable[[int], Awaitable[object]]) -> None:
    """Serve figures while something happens."""

    async def serve() -> None:
        port = await MetricsPort.open(0, lambda: TEXT)
        try:
            await asyncio.wait_for(use(port.port), 30)
        finally:
            await port.close()

    asyncio.run(serve())


async def told(port: int, asked: bytes) -> bytes:
    """Return what is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(asked)
    answer = await reader.read()
    writer.close()
    return answer


def test_a_client_of_http_reads_them() -> None:
    """In the type that Prometheus expects."""

    def read(port: int) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert answer.read().decode() == TEXT

    serving(lambda port: asyncio.to_thread(read, port))


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"GET /metrics HTTP/1.0\r\nhost: [::1]:9\r\n\r\n", b"200"),
        (b"GET /metrics HTTP/1.1\r\nA: b\r\nHOST:localhost\r\n\r\n", b"200"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
        (b"POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", b"405"),
        (b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421"),
        (b"GET /metrics HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n", b"421"),
        (b"GET /metrics HTTP/1.1\r\n\r\n", b"421"),
        (b"\x16\x03\x01junk\r\n\r\n", b"400"),
        (b"GET /metrics HTTP/2\r\nHost: localhost\r\n\r\n", b"400"),
    ],
)
def test_one_request_is_known(asked: bytes, status: bytes) -> None:
    """The rest has an answer, too, but no figures."""

    async def ask(port: int) -> None:
        answer = await told(port, asked)
        assert answer.split()[1] == status
        assert (TEXT.encode() in answer) == (status == b"200")

    serving(ask)


def test_a_request_without_end_is_cut() -> None:
    """Once it is longer than any that is meant."""

    async def ask(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET " + b"/" * (4 * MAX_REQUEST))
        assert await reader.read() == b""
        writer.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("peers.metrics.PATIENCE_S", 1_000)  # so it is not for the time
        serving(ask)


def test_who_says_nothing_is_cut() -> None:
    """When the time is up."""

    async def ask(port: int) -> None:
        assert await told(port, b"GET") == b""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("peers.metrics.PATIENCE_S", 0.05)
        serving(ask)


def test_a_crowd_is_turned_away() -> None:
    """And those who came first are still answered."""

    async def ask(port: int) -> None:
        first = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MAX_ASKING)]
        await asyncio.sleep(0)
        assert await told(port, b"") == b""
        first[0][1].write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await first[0][0].read()).endswith(TEXT.encode())
        for _, writer in first:
            writer.close()

    serving(ask)


def test_a_port_that_is_taken_is_a_fault_of_this_machine() -> None:
    """With a way out."""

    async def ask(port: int) -> None:
        with pytest.raises(LocalFault, match="metrics cannot be served") as fault:
            await MetricsPort.open(port, str)
        assert "choose another port" in fault.value.fix

    serving(ask)
