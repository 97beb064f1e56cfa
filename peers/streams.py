"""Streams: how what IPFS nodes carry between two peers is named. Pure.

An IPFS node (Kubo) carries TCP connections to another one that has a listener for the protocol they
name. Ours are named by the port that a peer listens at, so that a node's id and a port are as good
an address as a host and a port: `tally://PEERID@NODE.ipfs:PORT`.

>>> mount(4177)
'/x/tallystick/1/4177'
"""

from typing import Final

from engine.content.cid import RAW, Cid
from peers.identity import PeerId
from peers.loopback import carried_host

MOUNTS: Final = "/x/tallystick/1/"  # what begins so, and only that, is ours at an IPFS node


def mount(port: int) -> str:
    """Return the protocol of what goes to a port of a peer."""
    return f"{MOUNTS}{port}"


def presence_mount(network: Cid) -> str:
    """Return the protocol at which a peer says who it is, to whoever knows the network's name."""
    return f"{MOUNTS}{network}"


def host_of(peer: PeerId) -> str:
    """Return the address of loopback from which, and to which, a peer's streams go."""
    return carried_host(Cid.of(RAW, peer.key).digest)
