"""Whereabouts: where a peer listens, where others reach it, what its record says. An edge."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import NamedTuple

from engine.step import REQUIRES, SYSTEM, Platform
from peers.carrier import Carrier
from peers.connection import Channel
from peers.envelope import VERSIONS
from peers.house import Share
from peers.identity import Address
from peers.introduction import INTRODUCTION, Introducer, Introduction
from peers.keyring import Identity, Transport
from peers.peer_record import MAX_ADDRESSES, PeerRecord
from peers.prices import for_record
from peers.signed import seal


class Keys(NamedTuple):
    """Who this peer is."""

    identity: Identity
    transport: Transport


class Beside(NamedTuple):
    """The IPFS node of this machine, if there is one."""

    find: Callable[[], str]  # returns the multiaddress of its API: it may start elsewhere
    network: str  # that is looked for there; "" for none


class Listening(NamedTuple):
    """Where it listens, and how others reach that."""

    host: str
    port: int  # of its address; 0 for a free one
    addresses: tuple[str, ...]  # "HOST" or "HOST:PORT"; none: what it is told
    lan: bool  # whether to look for peers on this network, and to be found
    via: tuple[Address, ...] = ()  # peers through which others reach this one
    is_dialled: bool = True  # by others, at its addresses; else they only come through those
    is_relay: bool = False
    beside: Beside | None = None

    def after(self, count: int) -> int:
        """Return the port so many after that of its address, which a firewall can name; or 0."""
        return self.port + count if self.port else 0


class Lent(NamedTuple):
    """What it lends, and in which sandbox; "" for none: then it is not listed either."""

    share: Share
    sandbox: str
    prices: Mapping[str, int] = {}  # micro-credits: what it asks
    credit: int = 0  # micro-credits that it lends to whom it does not know


class Whereabouts:
    """Where one peer is."""

    def __init__(
        self, keys: Keys, listening: Listening, lent: Lent, carrier: Carrier, closing: ExitStack
    ) -> None:
        """Listen for connections, and say at the port of our address where that is.

        Raises: LocalFault when that cannot be had.
        """
        self._keys = keys
        self._listening = listening
        self._lent = lent
        self.relayed: Callable[[], tuple[str, ...]] = tuple  # places at relays
        self.carried: Callable[[], tuple[str, ...]] = tuple  # places at IPFS nodes
        self.free_slots: Callable[[], int] = lambda: lent.share.cores  # that are not lent now
        self.is_open: Callable[[], bool] = lambda: True  # for work
        self.credit: Callable[[], int] = lambda: lent.credit  # to whom it does not know, now
        self.epoch: Callable[[], int] = lambda: 0  # of the log of credit
        host = listening.host
        self.control_port = carrier.listen(host, listening.after(1), Channel.CONTROL)
        self.bulk_port = carrier.listen(host, listening.after(2), Channel.BULK)
        said = Introduction(keys.transport.signed, self.control_port, self.bulk_port)
        introducer = Introducer(host, listening.port, seal(INTRODUCTION, said, keys.identity).data)
        closing.callback(introducer.close)
        self.addresses = tuple(
            Address.at(keys.identity.peer, _with_port(place, introducer.port))
            for place in listening.addresses or (host,)
        )

    def reached_at(self) -> tuple[Address, ...]:
        """Return where others reach this peer."""
        me = self._keys.identity.peer
        others = tuple(Address.at(me, place) for place in (*self.relayed(), *self.carried()))
        direct = self.addresses if self._listening.is_dialled else ()
        return (*direct[: MAX_ADDRESSES - len(others)], *others)

    def describe(self, serial: int, made_ms: int, expires_ms: int) -> PeerRecord:
        """Return what this peer says of itself."""
        share = self._lent.share
        return PeerRecord(
            serial=serial,
            made_ms=made_ms,
            expires_ms=expires_ms,
            addresses=tuple(address.place for address in self.reached_at()),
            platform=Platform(REQUIRES, SYSTEM),
            cores=share.cores,
            memory=share.memory_bytes,
            gpu_names=(),
            sandbox=self._lent.sandbox if self.is_open() else "",
            prices=for_record(self._lent.prices),
            free_slots=self.free_slots(),
            versions=VERSIONS,
            credit=self.credit(),
            epoch=self.epoch(),
        )


def _with_port(place: str, port: int) -> str:
    is_bare = place.endswith("]") or ":" not in place or place.count(":") > 1
    if not is_bare:
        return place
    return f"[{place}]:{port}" if ":" in place and not place.startswith("[") else f"{place}:{port}"
