"""Streams through a relay's port: joined by tokens, bounded, and opaque."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable

import pytest

from engine.clock import SystemClock
from peers import relay_port, splice, tunnel
from peers.errors import LocalFault
from peers.relay import Limits, Relay, Tokens
from peers.relay_port import MAX_SILENT_HOST, RelayPort, Speed
from peers.splice import connected
from peers.tunnel import HOST, Entrance, Tunnel, answer
from tests.peers.keys import identity

ASKER, WANTED = identity(1).peer, identity(2).peer
CLOCK = SystemClock()
PATIENCE_S = 30

Use = Callable[[RelayPort, Relay], Awaitable[None]]


def serving(use: Use, speed: Speed = Speed()) -> None:  # noqa: B008
    """Be a relay while something happens."""

    async def serve() -> None:
        relay = Relay(Limits())
        relay.keep(WANTED, b"signed")
        port = RelayPort.open(relay, HOST, 0, CLOCK, speed)
        try:
            await asyncio.wait_for(use(port, relay), PATIENCE_S)
        finally:
            port.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait(others, timeout=PATIENCE_S) if others else None

    asyncio.run(serve())


def called(relay: Relay) -> Tokens:
    """Have a call made."""
    tokens = Tokens(os.urandom(32), os.urandom(32))
    relay.call(ASKER, WANTED, tokens, CLOCK.monotonic_ms())
    return tokens


async def comes(port: RelayPort, token: bytes) -> socket.socket:
    """Come to the relay with a token."""
    return await tunnel.entered(Entrance(HOST, port.port, token))


async def echoing() -> asyncio.Server:
    """Return a server that says everything again."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(2**16):
            writer.write(said)
            await writer.drain()
        writer.close()

    return await asyncio.start_server(echo, HOST, 0)


async def is_ended(stream: socket.socket) -> bool:
    """Wait until a stream has ended; nothing is left to be read."""
    try:
        return not await asyncio.get_running_loop().sock_recv(stream, 1)
    except ConnectionError:
        return True


async def through(port: RelayPort, relay: Relay, server: asyncio.Server) -> Tunnel:
    """Return a tunnel to a server behind the relay."""

    async def enter() -> Entrance:
        tokens = called(relay)
        where = server.sockets[0].getsockname()[1]
        coming = answer(Entrance(HOST, port.port, tokens.wanted), HOST, where)
        running.add(asyncio.create_task(coming))
        return Entrance(HOST, port.port, tokens.asker)

    return Tunnel.open(enter)


running: set[asyncio.Task[None]] = set()


def test_bytes_go_through_both_ways() -> None:
    """All of them, in order; both ends dialled the relay, and neither the other."""

    async def use(port: RelayPort, relay: Relay) -> None:
        server = await echoing()
        way = await through(port, relay, server)
        sent = os.urandom(3 * 2**20)
        reader, writer = await asyncio.open_connection(HOST, way.port)
        reading = asyncio.create_task(reader.readexactly(len(sent)))
        writer.write(sent)
        assert await reading == sent
        assert port.passed == 2 * len(sent)
        assert len(relay) == 1
        writer.close()
        while len(relay):
            await asyncio.sleep(0.01)
        way.close()
        server.close()

    serving(use)


def test_what_was_sent_early_is_not_lost() -> None:
    """Who comes first may speak before the other is there."""

    async def use(port: RelayPort, relay: Relay) -> None:
        loop = asyncio.get_running_loop()
        tokens = called(relay)
        with await comes(port, tokens.asker + b"early") as one:
            with await comes(port, tokens.wanted) as other:
                assert await loop.sock_recv(other, 10) == b"early"
            assert await is_ended(one)

    serving(use)


@pytest.mark.parametrize("said", [bytes(32), bytes(range(64)), b"GET / HTTP/1.1\r\n" * 9])
def test_who_has_no_token_is_ended(said: bytes) -> None:
    """At once."""

    async def use(port: RelayPort, relay: Relay) -> None:
        called(relay)
        with await comes(port, said) as stream:
            assert await is_ended(stream)

    serving(use)


def test_who_says_nothing_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or too little, for too long."""
    monkeypatch.setattr(relay_port, "TOKEN_S", 0.05)

    async def use(port: RelayPort, relay: Relay) -> None:
        with await comes(port, called(relay).asker[:31]) as stream:
            assert await is_ended(stream)

    serving(use)


def test_one_host_does_not_take_all_places() -> None:
    """Of those whose token has not come; then there is room again."""

    async def use(port: RelayPort, relay: Relay) -> None:
        crowd = [await connected(HOST, port.port, 5) for _ in range(MAX_SILENT_HOST)]
        refused = called(relay)
        with await comes(port, refused.asker) as late:
            assert await is_ended(late)
        assert refused.asker in relay._by_token  # it was not even read
        for one in crowd:
            one.close()
        while port._silent.total():
            await asyncio.sleep(0.01)
        tokens = called(relay)
        with await comes(port, tokens.asker), await comes(port, tokens.wanted):
            while not len(relay):
                await asyncio.sleep(0.01)

    serving(use)


def test_who_waits_in_vain_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the life of its token is over."""
    monkeypatch.setattr("peers.relay.LIFE_MS", 50)
    monkeypatch.setattr(relay_port, "SWEEP_S", 0.05)

    async def use(port: RelayPort, relay: Relay) -> None:
        with await comes(port, called(relay).asker) as stream:
            assert await is_ended(stream)
            assert not relay._calls

    serving(use)


def test_streams_that_say_nothing_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both, when neither has for a time."""
    monkeypatch.setattr(splice, "IDLE_S", 0.1)

    async def use(port: RelayPort, relay: Relay) -> None:
        tokens = called(relay)
        with await comes(port, tokens.asker) as one, await comes(port, tokens.wanted) as other:
            assert await is_ended(one)
            assert await is_ended(other)

    serving(use)


def test_no_more_passes_than_is_let() -> None:
    """Of one pair: a second's worth at once, then as it grows again."""
    speed = Speed(each=2**20, all=2**30)

    async def use(port: RelayPort, relay: Relay) -> None:
        loop, tokens = asyncio.get_running_loop(), called(relay)
        with await comes(port, tokens.asker) as one, await comes(port, tokens.wanted) as other:
            began_ms = CLOCK.monotonic_ms()
            sending = asyncio.create_task(loop.sock_sendall(one, bytes(8 * 2**20)))
            received = 0
            while received < 3 * 2**20 // 2:
                received += len(await loop.sock_recv(other, 2**16))
            took_ms = CLOCK.monotonic_ms() - began_ms
            assert port.passed <= speed.each * (1 + took_ms / 1000) + 2**17
            sending.cancel()

    serving(use, speed)


def test_a_relay_that_is_gone_ends_what_went_through_it() -> None:
    """Both ends hear of it."""

    async def use(port: RelayPort, relay: Relay) -> None:
        server = await echoing()
        way = await through(port, relay, server)
        reader, writer = await asyncio.open_connection(HOST, way.port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        port.close()
        assert await reader.read() == b""
        writer.close()
        way.close()
        server.close()

    serving(use)


def test_without_an_entrance_the_line_ends() -> None:
    """As if nobody listened there."""

    async def use(port: RelayPort, relay: Relay) -> None:
        async def enter() -> Entrance:
            raise LocalFault("there is none")

        way = Tunnel.open(enter)
        with await connected(HOST, way.port, 5) as stream:
            assert await is_ended(stream)
        way.close()

    serving(use)


def test_a_port_that_is_taken_is_a_fault_of_this_machine() -> None:
    """With a way out."""

    async def use(port: RelayPort, relay: Relay) -> None:
        with pytest.raises(LocalFault, match="cannot relay"):
            RelayPort.open(relay, HOST, port.port, CLOCK)

    serving(use)
