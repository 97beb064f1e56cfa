"""What a node does with the IPFS node beside it, put together: peers found, and come to."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from threading import Thread
from typing import Any, Final, NamedTuple

from engine.content.blocks import Block
from engine.errors import TallyError
from peers.carrying import Carrying
from peers.connection import Connection
from peers.dialler import Dialler
from peers.envelope import Role
from peers.errors import LocalFault, RemoteFault
from peers.identity import Address, PeerId
from peers.kubo_streams import KuboStreams
from peers.mounting import Mounting
from peers.node_ground import Ground
from peers.node_relays import Here
from peers.presence import PRESENCE, Presence
from peers.registrar import Registrar
from peers.rendezvous import block_of
from peers.seeking import Hands, Seeking
from peers.signed import seal
from peers.stream_port import StreamPort
from peers.streams import host_of, mount, presence_mount
from peers.whereabouts import Beside

WORKERS: Final = 8  # threads that come to peers, or ask who is at a node
SEARCHERS: Final = 3  # threads that tell, look, and watch over the node: one for each
END_S: Final = 3.0  # for the IPFS node to let go of what it carries, when this peer stops


class ByIpfs(NamedTuple):
    """The part of a node that has to do with IPFS. A Part: nothing is said about it."""

    mounting: Mounting | None = None
    carrying: Carrying | None = None
    seeking: Seeking | None = None
    why: str = "setting 'ipfs' is none"  # there is none of them

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """Hear of a session."""
        if self.seeking:
            self.seeking.opened(connection, peer)

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Hear that a session has ended."""
        for part in (self.carrying, self.seeking):
            if part:
                part.closed(connection, peer)

    def came(
        self, connection: Connection, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Take no message."""
        raise RemoteFault(f"there is no type {kind}")

    def unanswered(self, connection: Connection, peer: PeerId, key: bytes) -> None:
        """Nothing is asked here."""

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        for part in (self.mounting, self.carrying, self.seeking):
            if part:
                part.tick(now_ms)

    def status(self) -> dict[str, Any]:
        """Return what is known of it, as JSON can hold it."""
        if self.mounting is None:
            return {"node": "", "why": self.why, "fix": "", "found": {}}
        found = self.seeking.found() if self.seeking else {}
        return {
            "node": self.mounting.node,
            "why": self.mounting.why,
            "fix": self.mounting.fix,
            "found": {node: str(peer) if peer else "" for node, peer in found.items()},
        }


def open_by_ipfs(
    here: Here, ground: Ground, registrar: Registrar, dialler: Dialler, closing: ExitStack
) -> ByIpfs:
    """Open what a node does with an IPFS node, which need not be there."""
    beside = here.listening.beside
    if beside is None:
        return ByIpfs()
    try:
        return _open(beside, here, ground, registrar, dialler, closing)
    except LocalFault as fault:
        ground.log("no streams by IPFS", why=fault.what, fix=fault.fix)
        return ByIpfs(why=fault.what)


def _open(
    beside: Beside,
    here: Here,
    ground: Ground,
    registrar: Registrar,
    dialler: Dialler,
    closing: ExitStack,
) -> ByIpfs:
    """Open it all.

    Raises: LocalFault when this machine has no ports for it.
    """
    me = here.keys.identity.peer
    host = host_of(me)
    node = KuboStreams(beside.find, host)
    workers, searchers = (ThreadPoolExecutor(count, "ipfs") for count in (WORKERS, SEARCHERS))
    network = block_of(beside.network) if beside.network else None
    wanted, port = _ports(here, host, ground, network)
    closing.callback(_let_go, node, (workers, searchers), port)
    mounting = Mounting(node, wanted, searchers, ground.wake, ground.log)
    here.where.carried = lambda: _places(here, mounting.node)
    carrying = Carrying(node, host, ground.lines, workers, ground.wake)
    dialler.carry = carrying.carry
    hands = Hands(node, host, workers, searchers, ground.wake, registrar.meet, ground.log)
    seeking = Seeking(me, network, ground.lines, hands) if network else None

    def changed() -> None:
        registrar.renew()
        if seeking:
            seeking.carried(mounting.node)

    mounting.changed = changed
    if seeking:
        dialler.unanswered = _both(dialler.unanswered, seeking.unanswered)
    return ByIpfs(mounting, carrying, seeking)


def _ports(
    here: Here, host: str, ground: Ground, network: Block | None
) -> tuple[dict[str, str], StreamPort]:
    """Open where the IPFS node is to bring what: by protocol, multiaddresses of ours."""
    port, where, ends = StreamPort.open(host, ground.clock), here.where, here.ends
    ours = where.addresses[0].port, where.control_port, where.bulk_port
    try:
        wanted = {mount(one): port.lead(ends.host, one) for one in ours}
        if network:
            wanted[presence_mount(network.cid)] = port.tell(lambda: _presence(here))
    except LocalFault:
        port.close()
        raise
    return wanted, port


def _presence(here: Here) -> bytes:
    places = tuple(address.place for address in here.where.reached_at())
    return seal(PRESENCE, Presence(places), here.keys.identity).data if places else b""


def _places(here: Here, node: str) -> tuple[str, ...]:
    if not node:
        return ()
    me, port = here.keys.identity.peer, here.where.addresses[0].port
    return (Address(me, f"{node}.ipfs", port).place,)


def _let_go(
    node: KuboStreams, pools: tuple[ThreadPoolExecutor, ThreadPoolExecutor], port: StreamPort
) -> None:
    """Have the IPFS node carry nothing to us any more; it is not waited for long."""
    for pool in pools:
        pool.shutdown(wait=False, cancel_futures=True)
    ending = Thread(target=_unmount, args=(node,), daemon=True)
    ending.start()
    ending.join(END_S)
    port.close()


def _unmount(node: KuboStreams) -> None:
    with suppress(TallyError):
        node.unmount()


def _both(
    one: Callable[[PeerId], None], other: Callable[[PeerId], None]
) -> Callable[[PeerId], None]:
    def told(peer: PeerId) -> None:
        one(peer)
        other(peer)

    return told
