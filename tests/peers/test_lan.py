"""Peers on one network find each other, and nothing that is said there does harm."""

import asyncio
import ipaddress
import subprocess
import sys

import pytest
from zeroconf.asyncio import AsyncServiceInfo

from engine.clock import SystemClock
from engine.errors import Refused
from peers import lan
from peers.identity import Address, PeerId
from peers.multicast import SERVICE, addresses, interfaces
from tests.peers.keys import identity

EVERYWHERE = "0.0.0.0"  # noqa: S104 (nothing is bound)
HOME = frozenset({ipaddress.ip_interface("10.0.0.5/24")})


async def look(me: PeerId, port: int, wanted: Address) -> None:
    """Look for others on loopback until one is found."""
    found = asyncio.Event()
    log: list[str] = []

    def heard(address: Address) -> None:
        if address == wanted:  # other tests may be announcing peers of theirs
            found.set()

    near = asyncio.create_task(lan.watch(me, "127.0.0.1", port, heard, log.append, SystemClock()))
    try:
        await asyncio.wait_for(found.wait(), 30)
    finally:
        await asyncio.sleep(0.5)  # so that the other one finds us, too
        near.cancel()
        await asyncio.gather(near, return_exceptions=True)
    assert not log


async def both() -> None:
    """Let two peers look for each other."""
    places = [Address(PeerId.of(bytes(key)), "127.0.0.1", 4_000 + n) for n, key in enumerate(KEYS)]
    one, other = places
    await asyncio.gather(look(one.peer, one.port, other), look(other.peer, other.port, one))


KEYS = [identity(71).public_key, identity(72).public_key]


def test_two_peers_find_each_other() -> None:
    """With their ids, and the ports of their addresses."""
    asyncio.run(both())


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("host", "why"), [("127.0.0.1", "no multicast"), (EVERYWHERE, "this machine has no network")]
)
def test_without_a_network_there_is_a_sentence(host: str, why: str) -> None:
    """And no peer is found."""
    program = (sys.executable, "-m", "peers.multicast", str(identity(1).peer), host, "4177")
    ended = subprocess.run(
        ["unshare", "--map-root-user", "--net", *program],
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(why)
    assert ended.stderr.count("\n") == 1


def test_a_program_that_cannot_go_on_is_told_of_once() -> None:
    """Whatever the reason, the peer itself goes on."""

    async def wait() -> list[str]:
        log: list[str] = []
        said = asyncio.Event()

        def say(text: str) -> None:
            log.append(text)
            said.set()

        me = identity(1).peer
        near = asyncio.create_task(
            lan.watch(me, "203.0.113.1", 1, lambda _: None, say, SystemClock())
        )
        await asyncio.wait_for(said.wait(), 30)
        near.cancel()
        await asyncio.gather(near, return_exceptions=True)
        return log

    assert asyncio.run(wait()) == [
        "peers on this network are not looked for: this machine has no network"
    ]


def announced(peer: str, *hosts: str) -> AsyncServiceInfo:
    """Return what somebody announced."""
    return AsyncServiceInfo(
        SERVICE, f"x.{SERVICE}", port=4177, properties={"peer": peer}, parsed_addresses=list(hosts)
    )


def test_only_addresses_of_our_networks_are_believed() -> None:
    """Nobody has us dial machines elsewhere, or our own loopback."""
    peer = identity(1).peer
    info = announced(str(peer), "192.0.2.1", "127.0.0.1", "10.0.0.9")
    assert [*addresses(info, HOME)] == [Address(peer, "10.0.0.9", 4177)]


def test_a_crowd_of_addresses_is_cut() -> None:
    """Four of one peer."""
    info = announced(str(identity(1).peer), *(f"10.0.0.{n}" for n in range(1, 200)))
    assert len([*addresses(info, HOME)]) == 4


def test_who_does_not_say_who_it_is_is_nobody() -> None:
    """Junk for a peer id."""
    with pytest.raises(Refused):
        [*addresses(announced("junk", "10.0.0.9"), HOME)]


def test_loopback_is_announced_to_loopback_alone() -> None:
    """And every address but that when all are listened at."""
    assert {str(one) for one in interfaces("127.0.0.1")} == {"127.0.0.1/8"}
    assert not any(one.ip.is_loopback for one in interfaces("::"))
    assert all(one.version == 4 for one in interfaces(EVERYWHERE))
