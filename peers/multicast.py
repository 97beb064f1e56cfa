"""Multicast: announcing this peer on the LAN by mDNS and DNS-SD, and hearing of others. A program.

It is a process of its own, with a bound on its memory, since what it reads comes from anybody on
the LAN. For each address it heard of it prints a line; it ends when its input does, when the
machine's addresses change, and when there is no multicast, of which it says a sentence.

    python -m peers.multicast PEERID HOST PORT
"""

import asyncio
import contextlib
import ipaddress
import logging
import resource
import sys
from collections.abc import Iterator
from typing import Final, TypeAlias

import ifaddr
from zeroconf import Error as ZeroconfError
from zeroconf import (
    InterfaceChoice,
    IPVersion,
    NonUniqueNameException,
    ServiceStateChange,
    Zeroconf,
)
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from engine.errors import Refused
from peers.identity import Address, PeerId

SERVICE: Final = "_tallystick._tcp.local."
MEMORY: Final = 512 * 1024**2  # bytes of address space; it uses a third of that

_ASK_MS: Final = 3_000  # for what an announcement left out
_MAX_ASKED: Final = 32  # peers asked for that at one time; of more, nothing is asked
_MAX_PLACES: Final = 4  # addresses of one peer
_CHECK_S: Final = 30  # how often this machine's addresses are looked at

Interface: TypeAlias = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def interfaces(host: str) -> frozenset[Interface]:
    """Return the addresses of this machine that are reached at `host`, each with its network.

    Those of loopback only when it is the host.
    """
    mine = ipaddress.ip_address(host)
    if mine.is_unspecified:
        return frozenset(one for one in _machine() if one.version <= mine.version)
    if mine.is_loopback:
        return frozenset((ipaddress.ip_interface(f"{mine}/{8 if mine.version == 4 else 128}"),))
    return frozenset(one for one in _machine() if one.ip == mine)


def _machine() -> Iterator[Interface]:
    """Return what others on a LAN can reach; IPv6 of one link alone has no port without a zone."""
    for adapter in ifaddr.get_adapters():
        for given in adapter.ips:
            text = given.ip if isinstance(given.ip, str) else given.ip[0]
            found = ipaddress.ip_interface(f"{text}/{given.network_prefix}")
            zoned = found.version == 6 and found.is_link_local
            if not (found.ip.is_loopback or zoned):
                yield found


class Listener:
    """Hears of others, and prints where those in our own networks are."""

    def __init__(self, mdns: AsyncZeroconf, near: frozenset[Interface]) -> None:
        self._mdns = mdns
        self._near = near
        self._asked: set[asyncio.Task[None]] = set()

    def heard(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        """Ask for the address of somebody who was announced; zeroconf calls it, by these names."""
        if state_change is not ServiceStateChange.Removed and len(self._asked) < _MAX_ASKED:
            asking = asyncio.get_running_loop().create_task(self._ask(service_type, name))
            self._asked.add(asking)
            asking.add_done_callback(self._asked.discard)

    async def _ask(self, service_type: str, name: str) -> None:
        with contextlib.suppress(ZeroconfError, Refused, OSError):
            info = AsyncServiceInfo(service_type, name)
            if await info.async_request(self._mdns.zeroconf, _ASK_MS):
                for address in addresses(info, self._near):
                    print(address, flush=True)  # noqa: T201 (a program)


def addresses(info: AsyncServiceInfo, near: frozenset[Interface]) -> Iterator[Address]:
    """Return where an announced peer is, as far as that is in a network of ours.

    Raises: Refused when it does not say which peer it is.
    """
    peer = PeerId.parse((info.properties.get(b"peer") or b"").decode("ascii", "replace"))
    for host in info.ip_addresses_by_version(IPVersion.All)[:_MAX_PLACES]:
        if info.port and any(host in one.network for one in near):
            yield Address(peer, str(host), info.port)


async def announce(peer: PeerId, host: str, port: int) -> str:
    """Announce a peer and hear of others, until there is a reason to end; return it."""
    near = interfaces(host)
    if not near:
        return "this machine has no network"
    is_all = ipaddress.ip_address(host).is_unspecified
    mdns = AsyncZeroconf(interfaces=InterfaceChoice.All if is_all else [host])
    info = AsyncServiceInfo(
        SERVICE,
        f"{peer}.{SERVICE}",
        port=port,
        properties={"peer": str(peer)},
        server=f"tally-{str(peer)[-20:].lower()}.local.",
        parsed_addresses=sorted(str(one.ip) for one in near),
    )
    listener = Listener(mdns, near)
    browser = AsyncServiceBrowser(mdns.zeroconf, SERVICE, handlers=[listener.heard])
    try:
        await mdns.async_register_service(info)
        await _until_it_ends(host, near)
    finally:
        await browser.async_cancel()
        await mdns.async_close()
    return "the addresses of this machine have changed"


async def _until_it_ends(host: str, near: frozenset[Interface]) -> None:
    while interfaces(host) == near:
        await asyncio.sleep(_CHECK_S)


async def _main(peer: PeerId, host: str, port: int) -> str:
    """Announce until whoever started this is gone."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    announcing = loop.create_task(announce(peer, host, port))
    leaving = loop.create_task(reader.read())
    await asyncio.wait({announcing, leaving}, return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    announcing.cancel()  # which does nothing when it has ended
    with contextlib.suppress(asyncio.CancelledError):
        return await announcing
    return ""


def main(peer: str, host: str, port: str) -> str:
    """Run the program; return why it ended, or "" when it was to."""
    logging.disable()  # what strangers get wrong would fill the pipe that nobody reads till the end
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        return asyncio.run(_main(PeerId.parse(peer), host, int(port)))
    except NonUniqueNameException:
        return "another process announces this peer already"
    except (OSError, ZeroconfError) as error:
        return f"no multicast: {error}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
