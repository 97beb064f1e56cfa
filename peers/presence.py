"""Presence: what a peer says, at its IPFS node, to those who look for peers of its network. Pure.

It is signed, so that whoever is told knows whom to expect where. It names the node that it is told
at: one that was recorded elsewhere is not taken.

>>> read(seal(PRESENCE, presence, signer).data, node)                    # doctest: +SKIP
(Address(...), Address(...))
"""

from typing import Final

from engine.content.schema import Record
from engine.errors import Damaged, Refused
from engine.values import dataclass
from peers.identity import Address, PeerId
from peers.peer_record import MAX_ADDRESSES
from peers.signed import unseal

LONGEST: Final = 4_096  # bytes, signed: eight addresses of the longest hosts have fewer

_ANYBODY: Final = PeerId(bytes(32))


@dataclass(frozen=True, slots=True)
class Presence:
    """Where a peer is reached; who it is, is whose signature is on it."""

    addresses: tuple[str, ...]  # as in its record: "HOST:PORT", "NODE.ipfs:PORT", …


def _check(said: Presence) -> None:
    if not 0 < len(said.addresses) <= MAX_ADDRESSES:
        raise Damaged(f"there are 1 to {MAX_ADDRESSES} addresses")
    try:
        for place in said.addresses:
            Address.at(_ANYBODY, place)
    except Refused as refused:
        raise Damaged(refused.what) from None


PRESENCE: Final = Record("tallystick/presence/1", Presence, _check)


def read(data: bytes, node: str) -> tuple[Address, ...]:
    """Return where a peer says, at an IPFS node, that it is: those that are dialled first.

    Raises: Damaged when it is malformed, not signed by who says it, or told by another node.
    """
    if len(data) > LONGEST:
        raise Damaged(f"a presence has {LONGEST} bytes at most")
    opened = unseal(PRESENCE, data)
    places = [Address.at(opened.signer, place) for place in opened.value.addresses]
    if node not in {one.node for one in places}:
        raise Damaged("it was said at another IPFS node")
    return tuple(sorted(places, key=lambda one: (bool(one.node), one.via is not None)))
