"""A peer as a node has it, sockets in a process: whatever strangers send, the honest are served."""

import asyncio
import contextlib
import os
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path

from engine.step import SIGNED
from peers.connection import Channel
from peers.envelope import MAX_FRAME
from peers.messages import ALIVE_TYPE, HELLO_TYPE, notice, request
from tests.peers.attacks import attack
from tests.peers.hosts import Host
from tests.peers.keys import identity
from tests.peers.networks import until
from tests.peers.raw import COMMAND, GREETING, MORE, Raw, frame
from tests.peers.strangers import Stranger, envelope

ATTACKS = 1_200
ID = b"i" * 16
QUESTION = request(64)


@contextlib.asynccontextmanager
async def hosts() -> AsyncIterator[tuple[Host, Host]]:
    """Have a peer to be attacked, and an honest one that knows it."""
    there, honest = Host(2), Host(1)
    lives = [asyncio.create_task(one.live()) for one in (there, honest)]
    try:
        yield there, honest
    finally:
        for life in lives:
            life.cancel()
        for one in (there, honest):
            one.network.close()


def run(test: Callable[[Host, Host], Awaitable[None]]) -> None:
    """Run a test; the honest peer is answered after it on a connection that was there before."""

    async def all_of_it() -> None:
        async with hosts() as (there, honest):
            line = await honest.befriend(there)
            await test(there, honest)
            assert await honest.is_answered(line)
            assert not honest.closed
            assert not there.said("network ended")

    asyncio.run(all_of_it())


def test_a_thousand_attacks() -> None:
    """Mutated greetings, handshakes and messages by the thousand: it is the same process after."""

    async def test(there: Host, honest: Host) -> None:
        def attacks() -> None:
            for number in range(ATTACKS):
                attack(there.places[Channel.CONTROL], number)

        pid = there.network.pid
        await asyncio.to_thread(attacks)
        assert await honest.is_answered(await honest.befriend(there))
        await until(lambda: len(there.post._sessions) == 2)
        assert there.network.pid == pid
        reasons = " ".join(there.faults)
        assert "first message" in reasons or "not an envelope" in reasons

    run(test)


CASES: dict[str, Iterable[bytes]] = {
    "replay: seq 1 after 1": [envelope(QUESTION, 1, ID)],
    "the seq is not from 1": [envelope(QUESTION, 2, ID)[:-3] + b"\x00\x00\x90"],
    "answers what nobody asked": [envelope(QUESTION + 1, 9, ID)],
    "version 2 was not agreed": [envelope(QUESTION, 9, ID, 2)],
    "a hello is the first message": [envelope(HELLO_TYPE), b"again"],
    "not an envelope": [b"junk"],
    "over 1024 bytes": [bytes(2_000)],
    "over 2 frames": [envelope(QUESTION, 9, ID), b"a", b"b"],
    "a body is over": [envelope(notice(64)), bytes(MAX_FRAME - 100)],
    "a sign of life has no body": [envelope(ALIVE_TYPE), b"body"],
}


def test_who_breaks_the_protocol() -> None:
    """Each way to break it ends the connection, and the log says which it was."""

    async def test(there: Host, _: Host) -> None:
        for number, (why, frames) in enumerate(CASES.items(), 10):

            def misbehave(number: int = number, frames: Iterable[bytes] = frames) -> None:
                with contextlib.closing(
                    Stranger(there.places[Channel.CONTROL], number)
                ) as stranger:
                    stranger.greet()
                    stranger.say(*frames)
                    assert stranger.is_hung_up()

            before = len(there.closed)
            await asyncio.to_thread(misbehave)
            await until(lambda before=before: len(there.closed) > before)  # type: ignore[misc]
            assert why in there.closed[-1].why

    run(test)


def test_hellos_that_do_not_hold() -> None:
    """Unsigned, signed anew by another, for another peer, or one that was recorded."""

    async def test(there: Host, _: Host) -> None:
        place = there.places[Channel.CONTROL]
        audience = place.curve_key

        def unsigned(stranger: Stranger) -> bytes:
            return bytes(SIGNED.decode(stranger.hello_to(audience)).payload)

        def tampered(stranger: Stranger) -> bytes:
            said = bytearray(stranger.hello_to(audience))
            said[len(said) // 2] ^= 1
            return bytes(said)

        def signed_anew(stranger: Stranger) -> bytes:
            stranger.party = stranger.party._replace(signer=identity(99))
            return stranger.hello_to(audience)

        def elsewhere(stranger: Stranger) -> bytes:
            return stranger.hello_to(bytes(32))

        def recorded(_: Stranger) -> bytes:
            with contextlib.closing(Stranger(there.places[Channel.CONTROL], 98)) as other:
                return other.hello_to(audience)

        reasons = {
            unsigned: "a hello does not hold",
            tampered: "a hello does not hold",
            signed_anew: "not signed by whom its certificate names",
            elsewhere: "said to another peer",
            recorded: "for another key than the connection's",
        }
        for number, (make, why) in enumerate(reasons.items(), 30):

            def misbehave(number: int = number, make: Callable[[Stranger], bytes] = make) -> None:
                with contextlib.closing(
                    Stranger(there.places[Channel.CONTROL], number)
                ) as stranger:
                    stranger.greet(make(stranger))
                    assert stranger.is_hung_up()

            await asyncio.to_thread(misbehave)
            await until(lambda why=why: any(why in one for one in there.faults))  # type: ignore[misc]

    run(test)


def test_what_a_stranger_says_before_it_is_known() -> None:
    """Nothing but a Hello is heard; its key does not come in again."""

    async def test(there: Host, _: Host) -> None:
        def misbehave() -> None:
            with contextlib.closing(Stranger(there.places[Channel.CONTROL], 40)) as stranger:
                stranger.shake()
                stranger.say(envelope(QUESTION, 1, ID), b"answer me")
                assert stranger.is_hung_up()
            with contextlib.closing(Stranger(there.places[Channel.CONTROL], 40)) as stranger:
                stranger.send(GREETING + frame(stranger.hello(), COMMAND))
                stranger.welcome()
                stranger.send(frame(stranger.initiate(), COMMAND))
                assert stranger.read_frame()[1:6] == b"ERROR"

        await asyncio.to_thread(misbehave)
        assert there.faults == ["a hello is the first message, and no other"]

    run(test)


def test_a_flood() -> None:
    """Who sends more than it may is cut off, and others are answered meanwhile."""

    async def test(there: Host, honest: Host) -> None:
        def flood() -> None:
            with contextlib.closing(Stranger(there.places[Channel.CONTROL], 50)) as stranger:
                stranger.greet()
                many = [frame(stranger.message(envelope(notice(64), 2 + at))) for at in range(999)]
                with contextlib.suppress(OSError):
                    stranger.send(b"".join(many))
                assert stranger.is_hung_up()

        line = await honest.befriend(there)
        flooding = asyncio.ensure_future(asyncio.to_thread(flood))
        while not flooding.done():
            assert await honest.is_answered(line)
        await flooding
        await until(lambda: there.faults == ["flood: it sends more than it may"])

    run(test)


def is_ended(slow: Raw, data: bytes) -> bool:
    """Send a little, and return whether the connection has ended."""
    try:
        slow.send(data)
        slow.tcp.settimeout(0.001)
        return not slow.tcp.recv(1)
    except TimeoutError:
        return False
    except OSError:
        return True


def test_who_is_slow_on_purpose() -> None:
    """Connections that send a byte now and then are ended, and keep nobody from being answered."""

    async def test(there: Host, honest: Host) -> None:
        def trickle() -> None:
            slow = [Raw(there.places[Channel.CONTROL], os.urandom(32)) for _ in range(60)]
            left = set(slow)
            for byte in GREETING[:-1]:
                left = {raw for raw in left if not is_ended(raw, bytes([byte]))}
                time.sleep(0.1 if left else 0)
            assert not left
            for raw in slow:
                raw.close()

        slow = asyncio.ensure_future(asyncio.to_thread(trickle))
        line = await honest.befriend(there)
        while not slow.done():
            assert await honest.is_answered(line)
            await asyncio.sleep(0.05)
        await slow

    run(test)


def endless(raw: Raw, size: int) -> None:
    """Send frames that have more after them, up to a size."""
    for _ in range(size >> 20):
        raw.send(frame(raw.message(bytes(2**20), MORE)))


def test_a_message_without_end() -> None:
    """Its sender is cut off before it has filled the process, with the reason; others are not."""

    async def test(there: Host, _: Host) -> None:
        pid = there.network.pid

        def send(stranger: Stranger, begin: Callable[[], None]) -> None:
            with contextlib.closing(stranger):
                begin()
                with contextlib.suppress(OSError):
                    endless(stranger, 2**30)
                assert stranger.is_hung_up()

        known = Stranger(there.places[Channel.CONTROL], 60)
        await asyncio.to_thread(send, known, known.greet)
        await until(lambda: "it sends a message without end" in [one.why for one in there.closed])
        unknown = Stranger(there.places[Channel.BULK], 61)
        await asyncio.to_thread(send, unknown, unknown.shake)
        status = Path(f"/proc/{pid}/status").read_text()
        (peak,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        assert int(peak) < 256 * 1024

    run(test)


def test_a_process_that_is_full() -> None:
    """At its limit, it drops whoever fills it, or dies and is started again; the node goes on."""

    async def test(there: Host, honest: Host) -> None:
        pid = there.network.pid or 0
        (pages, *_) = Path(f"/proc/{pid}/statm").read_text().split()
        most = int(pages) * resource.getpagesize() + 24 * 2**20  # soon reached
        resource.prlimit(pid, resource.RLIMIT_AS, (most, most))

        def bomb() -> None:
            with contextlib.closing(Raw(there.places[Channel.CONTROL], os.urandom(32))) as raw:
                raw.shake()
                with contextlib.suppress(OSError):
                    endless(raw, 2**30)
                assert raw.is_hung_up()

        await asyncio.to_thread(bomb)
        await until(lambda: there.network.pid)
        assert await honest.is_answered(await honest.befriend(there))

    async def all_of_it() -> None:
        async with hosts() as (there, honest):
            await honest.befriend(there)
            await test(there, honest)

    asyncio.run(all_of_it())
