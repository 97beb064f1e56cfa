"""Mounts: what an IPFS node should carry to this peer, against what it says that it does. Pure.

Others use the same node: other peers of this machine, and programs that have nothing to do with us.
What is theirs is left alone. Ours is known by its address of loopback, which no other peer has.

>>> amend([], {"/x/tallystick/1/9": "/ip4/127.64.0.1/tcp/7"}, "127.64.0.1")
Amendment(end=(), make=(('/x/tallystick/1/9', '/ip4/127.64.0.1/tcp/7'),), taken=())
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from peers.streams import MOUNTS


class Stream(Protocol):
    """A listener or a forward, as the node tells of it."""

    @property
    def protocol(self) -> str: ...  # noqa: D102 - these are fields
    @property
    def listen(self) -> str: ...  # noqa: D102
    @property
    def target(self) -> str: ...  # noqa: D102


class Amendment(NamedTuple):
    """What is to be ended, then made; and what is at a name of ours and is not ours."""

    end: tuple[tuple[str, str], ...]  # protocol, where it listens
    make: tuple[tuple[str, str], ...]  # protocol, target
    taken: tuple[tuple[str, str, str], ...]  # protocol, where it listens, target


def amend(found: Iterable[Stream], wanted: Mapping[str, str], host: str) -> Amendment:
    """Return what to do so that there is what is wanted, by protocol, for the peer of a host."""
    lacking, end, taken = dict(wanted), [], []
    ours = f"/ip4/{host}/"
    for one in found:
        if not one.protocol.startswith(MOUNTS) or not one.target.startswith("/ip4/"):
            continue  # a forward, or of another program
        if lacking.get(one.protocol) == one.target:
            del lacking[one.protocol]
        elif one.target.startswith(ours):  # of this peer, before it was killed
            end.append((one.protocol, one.listen))
        elif one.protocol in lacking:
            del lacking[one.protocol]
            taken.append((one.protocol, one.listen, one.target))
    return Amendment(tuple(end), tuple(lacking.items()), tuple(taken))


def forwards_of(found: Iterable[Stream], host: str) -> tuple[tuple[str, str], ...]:
    """Return the forwards of the peer of a host: protocol, and where each listens."""
    return tuple((one.protocol, one.listen) for one in found if f"/ip4/{host}/" in one.listen)


def port_of(multiaddress: str) -> int:
    """Return the port of "/ip4/HOST/tcp/PORT", 0 when it is anything else."""
    match multiaddress.split("/"):
        case ["", "ip4", _, "tcp", port] if (
            len(port) <= 5 and port.isdecimal() and int(port) < 2**16
        ):
            return int(port)
    return 0
