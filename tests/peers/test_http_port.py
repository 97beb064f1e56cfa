"""The port for public content holds what asks to bounds, and streams what it sends."""

import asyncio
import contextlib
import http.client
import threading
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.content.dagpb import Link
from engine.content.directory import directory
from engine.store.add import add_path
from engine.store.disk import DiskStore
from peers import http_port
from peers.http_port import HttpPort
from peers.http_request import MAX_HEAD
from peers.listening import listening

SECRET = Cid.of(RAW, b"secret")
SIZE = 24 * 2**20


class Rooted:
    """Content of which some roots are public, and nothing below them."""

    def __init__(self, *roots: Cid) -> None:
        self.roots = roots

    def is_root(self, cid: Cid) -> bool:
        """Return whether this was published."""
        return cid in self.roots

    has = is_root


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    """Return a store with something in it that nobody published."""
    store = DiskStore(tmp_path / "store")
    store.put([Block(SECRET, b"secret")])
    return store


@pytest.fixture
def file(tmp_path: Path, store: DiskStore) -> Cid:
    """Return a file in it that was."""
    (tmp_path / "file").write_bytes(Random(1).randbytes(SIZE))  # noqa: S311 - for tests
    return add_path(store, tmp_path / "file").cid


def serving(store: DiskStore, root: Cid, use: Callable[[int], Awaitable[object]]) -> None:
    """Serve a root while something happens."""

    async def serve() -> None:
        with listening("127.0.0.1", 0) as server:
            port = HttpPort(server, Rooted(root), store.get)
            task = asyncio.create_task(port.serve())
            try:
                await asyncio.wait_for(use(server.getsockname()[1]), 60)
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    asyncio.run(serve())


def request(root: Cid, *headers: str, method: str = "GET") -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} /ipfs/{root} HTTP/1.1", "Host: x", *headers]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


async def told(port: int, asked: bytes) -> bytes:
    """Return all that is answered until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(asked)
    answer = await reader.read()
    writer.close()
    return answer


def test_a_client_of_http_reads_a_file(store: DiskStore, file: Cid) -> None:
    """All of it; and one connection serves many requests."""

    def read(port: int) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ipfs/{file}") as answer:
            assert len(answer.read()) == SIZE
        kept = http.client.HTTPConnection("127.0.0.1", port)
        for method, length in (("HEAD", 0), ("GET", SIZE), ("HEAD", 0)):
            kept.request(method, f"/ipfs/{file}")
            response = kept.getresponse()
            assert response.getheader("Content-Length") == str(SIZE)
            assert len(response.read()) == length
        kept.request("GET", f"/ipfs/{file}?format=car")
        response = kept.getresponse()
        assert response.getheader("Transfer-Encoding") == "chunked"
        assert len(response.read()) > 2**20
        kept.close()

    serving(store, file, lambda port: asyncio.to_thread(read, port))


def test_what_is_not_public_is_not_here(store: DiskStore, file: Cid) -> None:
    """Its answer is that for what is not here at all, to the byte."""

    async def ask(port: int) -> None:
        secret = await told(port, request(SECRET, "Connection: close"))
        missing = await told(port, request(Cid.of(RAW, b"missing"), "Connection: close"))
        assert secret == missing
        assert secret.startswith(b"HTTP/1.1 404 ")

    serving(store, file, ask)


def test_a_body_of_no_known_size_ends_an_old_connection(store: DiskStore, file: Cid) -> None:
    """HTTP/1.0 has no chunks."""

    async def ask(port: int) -> None:
        words = f"GET /ipfs/{file}?format=car HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        answer = await told(port, words.encode())
        assert b"Connection: close" in answer
        assert b"Transfer-Encoding" not in answer

    serving(store, file, ask)


def test_a_request_without_end_is_cut(store: DiskStore, file: Cid) -> None:
    """Once it is longer than any that is meant."""

    async def ask(port: int) -> None:
        assert await told(port, b"GET /" + b"a" * (4 * MAX_HEAD)) == b""

    serving(store, file, ask)


def test_who_says_nothing_is_left(
    store: DiskStore, file: Cid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while, however many letters come meanwhile."""
    monkeypatch.setattr(http_port, "PATIENCE_S", 0.2)

    async def ask(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        left = asyncio.create_task(reader.read())
        while not left.done():
            writer.write(b"G")
            await asyncio.sleep(0.02)
        with contextlib.suppress(OSError):
            assert await left == b""
        writer.close()

    serving(store, file, ask)


def test_who_takes_nothing_is_left(
    store: DiskStore, file: Cid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing more is read for it meanwhile."""
    monkeypatch.setattr(http_port, "SLOWEST_S", 0.3)
    read: list[Cid] = []

    async def ask(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(request(file))
        while len(read) < 4:
            await asyncio.sleep(0.02)
        await asyncio.sleep(1)
        taken = 0
        with contextlib.suppress(OSError):
            while piece := await reader.read(2**20):
                taken += len(piece)
        assert taken < SIZE
        assert len(read) < 20
        writer.close()

    original = store.get

    def get(cid: Cid) -> bytes:
        read.append(cid)
        return original(cid)

    monkeypatch.setattr(store, "get", get)
    serving(store, file, ask)


def test_too_many_at_once(store: DiskStore, file: Cid, monkeypatch: pytest.MonkeyPatch) -> None:
    """Are told to come again; who leaves makes room."""
    monkeypatch.setattr(http_port, "MAX_FROM", 2)

    async def ask(port: int) -> None:
        waiting = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in waiting:  # both are known to it
            writer.write(request(file, method="HEAD"))
            await reader.readuntil(b"\r\n\r\n")
        assert (await told(port, b"")).startswith(b"HTTP/1.1 503 ")
        waiting[0][1].close()
        while (await told(port, request(file, "Connection: close", method="HEAD")))[9:12] == b"503":
            await asyncio.sleep(0.02)
        waiting[1][1].close()

    serving(store, file, ask)


def test_damage_in_the_middle_cuts_the_connection(
    tmp_path: Path, store: DiskStore, file: Cid
) -> None:
    """What was announced does not come whole; nobody takes it for the file."""

    def damage(path: Path) -> None:
        path.chmod(0o644)
        with path.open("r+b") as whole:
            whole.seek(SIZE // 2)
            whole.write(b"damage")

    (whole,) = (path for path in (tmp_path / "store/files").rglob("*") if path.is_file())
    damage(whole)

    async def ask(port: int) -> None:
        with contextlib.suppress(ConnectionResetError):
            assert len(await told(port, request(file))) < SIZE

    serving(store, file, ask)


ENTRIES = 10_000


@pytest.fixture
def folder(store: DiskStore) -> Cid:
    """Return a directory of many shards."""
    names = (f"a rather long name of a file, number {number:05}" for number in range(ENTRIES))
    made = directory(Link(name, SECRET, 6) for name in names)
    store.put(made.blocks)
    assert len(made.blocks) > 100
    return made.link.cid


def waiting(
    store: DiskStore, root: Cid, monkeypatch: pytest.MonkeyPatch, after: int
) -> tuple[list[Cid], threading.Event]:
    """Have the store wait below a root, after so many blocks, until an event; return both."""
    original, read, go_on = store.get, list[Cid](), threading.Event()

    def get(cid: Cid) -> bytes:
        read.append(cid)
        if cid != root and len(read) > after:
            go_on.wait(30)
        return original(cid)

    monkeypatch.setattr(store, "get", get)
    return read, go_on


async def begun(port: int, asked: bytes) -> asyncio.StreamWriter:
    """Ask, and return once the answer has begun."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(asked)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    return writer


@pytest.mark.parametrize("form", ["", "?format=car&dag-scope=entity"])
def test_a_listing_ends_when_who_asked_leaves(
    store: DiskStore, folder: Cid, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Of a large directory no more is read then, and what came before was sent."""
    read, go_on = waiting(store, folder, monkeypatch, after=10)

    async def leave(port: int) -> None:
        writer = await begun(port, request(folder).replace(b" HTTP", f"{form} HTTP".encode(), 1))
        writer.transport.abort()
        go_on.set()
        count = -1
        while len(read) > count:
            count = len(read)
            await asyncio.sleep(0.3)

    serving(store, folder, leave)
    assert len(read) < 80


def test_so_many_listings_are_made_at_once(
    store: DiskStore, folder: Cid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next is told to come again; one that is done makes room."""
    monkeypatch.setattr(http_port, "MAX_LONG", 2)
    _, go_on = waiting(store, folder, monkeypatch, after=20)
    asked = request(folder, "Connection: close")

    async def ask(port: int) -> None:
        writers = [await begun(port, asked) for _ in range(2)]
        assert (await told(port, asked)).startswith(b"HTTP/1.1 503 ")
        go_on.set()
        for writer in writers:
            writer.transport.abort()
        while not (answer := await told(port, asked)).startswith(b"HTTP/1.1 200 "):
            await asyncio.sleep(0.02)
        assert answer.count(b"<li>") == ENTRIES

    serving(store, folder, ask)
