"""House: what a provider lends to others, and whose offers it takes. Pure.

>>> house = House(Share(4, 8 * GIB, GIB), Share(2, GIB, GIB), HOUR_MS)    # doctest: +SKIP
>>> objection(house, offer.value, {})                                    # doctest: +SKIP
''
"""

from collections.abc import Container, Mapping
from dataclasses import field
from typing import Final, Literal

from engine.values import dataclass
from peers.agreement import Offer
from peers.credits import MAX_CREDITS
from peers.identity import PeerId
from peers.prices import Usage, at_most

MAX_PEERS: Final = 256  # that it works for at one time: as many as there are connections

Door = Literal["open", "paused", "draining"]  # whether anything new is accepted


@dataclass(frozen=True, slots=True)
class Share:
    """Parts of a machine."""

    cores: int = 0
    memory_bytes: int = 0
    disk_bytes: int = 0

    def fits_in(self, room: "Share") -> bool:
        """Return whether there is as much of each."""
        return not self.beyond(room)

    def beyond(self, room: "Share") -> str:
        """Return of what there is not as much, in words; "" when it fits."""
        if self.cores > room.cores:
            return "cores"
        if self.memory_bytes > room.memory_bytes:
            return "memory"
        return "disk" if self.disk_bytes > room.disk_bytes else ""

    def plus(self, more: "Share") -> "Share":
        """Return both together."""
        return Share(
            self.cores + more.cores,
            self.memory_bytes + more.memory_bytes,
            self.disk_bytes + more.disk_bytes,
        )

    def minus(self, less: "Share") -> "Share":
        """Return what is left without some of it."""
        return Share(
            self.cores - less.cores,
            self.memory_bytes - less.memory_bytes,
            self.disk_bytes - less.disk_bytes,
        )


@dataclass(frozen=True, slots=True)
class House:
    """What its owner has set."""

    lent: Share  # to all others together
    per_peer: Share  # to one of them
    longest_ms: int  # of a lease
    prices: dict[str, int] = field(default_factory=dict)  # micro-credits, at least
    only: Container[PeerId] | None = None  # whom it works for; None: anybody
    door: Door = "open"


def share_of(offer: Offer) -> Share:
    """Return what an offer wants."""
    return Share(offer.cores, offer.memory_bytes, offer.disk_bytes)


def objection(house: House, offer: Offer, agreed: Mapping[PeerId, Share]) -> str:
    """Return why an offer is declined, as it is told to the requester; "" when it is taken.

    `agreed` has what each requester may use already.
    """
    asks = PeerId(offer.requester)
    wants = share_of(offer)
    if house.door != "open":
        return f"this peer is {house.door}"
    if house.only is not None and asks not in house.only:
        return "this peer does not work for you"
    if not wants.fits_in(house.per_peer) or not wants.fits_in(house.lent):
        return "this peer lends less than that"
    if offer.lease_ms > house.longest_ms:
        return f"this peer leases for {house.longest_ms} ms at most"
    if any(offer.prices.get(what, 0) < least for what, least in house.prices.items()):
        return "this peer asks for more"
    most = at_most(offer.prices, Usage(offer.cores, offer.memory_bytes, offer.lease_ms))
    if most >= MAX_CREDITS:
        return "at these prices a step may cost more than there are credits"
    return _no_room(house, asks, wants, agreed)


def _no_room(house: House, asks: PeerId, wants: Share, agreed: Mapping[PeerId, Share]) -> str:
    theirs = wants.plus(agreed.get(asks, Share()))
    if scarce := theirs.beyond(house.per_peer):
        what = f"you have agreements for all the {scarce} that this peer lends to one"
        return f"{what}, until a run of yours ends there"
    for share in agreed.values():
        wants = wants.plus(share)
    if (asks not in agreed and len(agreed) >= MAX_PEERS) or not wants.fits_in(house.lent):
        return "this peer has lent all that it lends"
    return ""
