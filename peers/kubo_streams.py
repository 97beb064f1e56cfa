"""Kubo streams: what an IPFS node beside this peer does for it. Every call waits; for any thread.

Our side of the node is imported only when one answers: most machines have none, and it takes time.

>>> node = KuboStreams(find, "127.64.1.2")                               # doctest: +SKIP
>>> node.mount({"/x/tallystick/1/4177": "/ip4/127.64.1.2/tcp/35001"})    # doctest: +SKIP
Mounted(node='12D3KooW...', taken=())
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Unavailable
from peers.mounts import amend, forwards_of, port_of

if TYPE_CHECKING:
    from engine.ipfs.kubo import Kubo

LOOK_S: Final = 2  # for who listens on this machine to take a connection
SETTING: Final = "Experimental.Libp2pStreamMounting"

_DO_WITHOUT: Final = "or do without: setting 'ipfs' none"


class Mounted(NamedTuple):
    """What a node carries to us."""

    node: str  # its id
    taken: tuple[str, ...]  # protocols that another peer of this machine has there


class KuboStreams:
    """An IPFS node beside us."""

    def __init__(self, find: Callable[[], str], host: str) -> None:
        """Take what says where its API is, "" for nowhere, and this peer's loopback address."""
        self._find = find
        self._host = host
        self._is_clean = False  # of what this peer left there when it was killed
        self._making = threading.Lock()  # of forwards: each is known by being the new one

    def mount(self, wanted: Mapping[str, str]) -> Mounted:
        """Have it carry streams of some protocols to multiaddresses of ours, and say who it is.

        Raises: Unavailable when it is away, elsewhere, or carries none.
        """
        with self._kubo() as kubo:
            if kubo.setting(SETTING) is not True:
                what = "the IPFS node carries no streams to peers"
                fix = f"'ipfs config --json {SETTING} true', then start it again; {_DO_WITHOUT}"
                raise Unavailable(what, where=kubo.address, fix=fix)
            found = kubo.streams()
            if not self._is_clean:
                for protocol, listen in forwards_of(found, self._host):
                    kubo.unforward(protocol, listen)
                self._is_clean = True
            change = amend(found, wanted, self._host)
            dead = [one for one in change.taken if not _listens(one[2])]
            for protocol, listen in (*change.end, *((one[0], one[1]) for one in dead)):
                kubo.unforward(protocol, listen)
            for protocol, target in (*change.make, *((one[0], wanted[one[0]]) for one in dead)):
                kubo.listen(protocol, target, names=True)
            taken = tuple(one[0] for one in change.taken if one not in dead)
            return Mounted(kubo.identity().peer, taken)

    def unmount(self) -> None:
        """Have it carry nothing to us or from us any more.

        Raises: Unavailable when it is away.
        """
        with self._kubo() as kubo:
            found = kubo.streams()
            gone = (*forwards_of(found, self._host), *amend(found, {}, self._host).end)
            for protocol, listen in gone:
                kubo.unforward(protocol, listen)

    def forward(self, protocol: str, node: str) -> int:
        """Return a port of this peer's loopback address that leads to a protocol of another node.

        Raises: Unavailable when it cannot; whether anybody is there is not known by that.
        """
        with self._making, self._kubo() as kubo:
            before = {listen for _, listen in forwards_of(kubo.streams(), self._host)}
            kubo.forward(protocol, f"/ip4/{self._host}/tcp/0", node)
            made = {listen for _, listen in forwards_of(kubo.streams(), self._host)} - before
            port = port_of(made.pop()) if len(made) == 1 else 0
            if not port:
                raise Unavailable("the IPFS node does not say where it listens", fix=_DO_WITHOUT)
            return port

    def unforward(self, protocol: str, port: int) -> None:
        """End a forward, and what goes through it.

        Raises: Unavailable when the node is away: then it is ended.
        """
        with self._kubo() as kubo:
            kubo.unforward(protocol, f"/ip4/{self._host}/tcp/{port}")

    def provide(self, block: Block) -> None:
        """Have it tell others that it has a block.

        Raises: Unavailable when it is away, or knows nobody.
        """
        with self._kubo() as kubo:
            kubo.put(block)
            kubo.provide(block.cid)

    def providers(self, cid: Cid) -> frozenset[str]:
        """Return which nodes say that they have a block, as far as it finds them.

        Raises: Unavailable when it is away.
        """
        with self._kubo() as kubo:
            return frozenset(kubo.providers(cid))

    @contextmanager
    def _kubo(self) -> Iterator["Kubo"]:
        address = self._find()
        _check(address)
        from engine.ipfs.kubo import Kubo

        with Kubo(address) as kubo:
            yield kubo


def _check(address: str) -> None:
    """See that a node is at an address of its API, and on this machine.

    Raises: Unavailable when not.
    """
    if not address:
        raise Unavailable("no IPFS node is to be used", fix="setting 'ipfs'")
    _, family, host, _, port, *_ = [*address.split("/"), *[""] * 4]
    if not _is_here(family, host):
        fix = f"start one on this machine; {_DO_WITHOUT}"
        raise Unavailable("the IPFS node is on another machine", where=address, fix=fix)
    try:
        socket.create_connection((host, int(port)), LOOK_S).close()
    except (OSError, ValueError):
        fix = f"start it ('ipfs daemon'); {_DO_WITHOUT}"
        raise Unavailable("no IPFS node is there", where=address, fix=fix) from None


def _is_here(family: str, host: str) -> bool:
    """Return whether a host is this machine: then a program can listen there."""
    if host == "localhost":
        return True
    kind = {"ip4": socket.AF_INET, "ip6": socket.AF_INET6}.get(family)
    if kind is None:
        return False
    with socket.socket(kind, socket.SOCK_STREAM) as trying, contextlib.suppress(OSError):
        trying.bind((host, 0))
        return True
    return False


def _listens(target: str) -> bool:
    """Return whether a program takes connections at "/ip4/HOST/tcp/PORT"."""
    host, port = target.split("/")[2], port_of(target)
    try:
        socket.create_connection((host, port), LOOK_S).close()
    except (OSError, OverflowError, ValueError):  # anything stands there that somebody wrote
        return False
    return True
