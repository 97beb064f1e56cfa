"""Wished: whom this peer wants a session with, whoever else it meets in rounds. Pure.

They are those whom the user named, and for a while those whom it had dialled and lost.
"""

from typing import Final

from peers.dialling import Dialling
from peers.identity import Address, PeerId
from peers.known import Known
from peers.luck import Luck
from peers.peer_record import MAX_ADDRESSES, addresses

MAX_NAMED: Final = 1_000  # peers that the user named
AGAIN: Final = 4  # times in a row that who is lost is dialled, over about a minute; then in rounds


class Wished:
    """Whom to dial again and again, and where."""

    def __init__(self, known: Known, dialling: Dialling) -> None:
        self._known = known
        self._dialling = dialling
        self._named: dict[PeerId, tuple[Address, ...]] = {}
        self._dialled: set[PeerId] = set()  # of those that are connected
        self._lost: dict[PeerId, None] = {}  # whom we had dialled, and who may be back soon

    def is_named(self, peer: PeerId) -> bool:
        """Return whether the user named a peer."""
        return peer in self._named

    def name(self, address: Address) -> str:
        """Hear whom the user named; return why that is not taken, or nothing."""
        peer = address.peer
        places = self._named.get(peer, ())
        if peer not in self._named and len(self._named) >= MAX_NAMED:
            return f"{MAX_NAMED} peers are named already"
        if address not in places:  # the latest first
            self._named[peer] = (address, *places)[:MAX_ADDRESSES]
            self._known.name(peer)
        self._dialling.forget(peer)  # named again: the user wants it tried now
        return ""

    def remove(self, peer: PeerId) -> None:
        """Forget that the user named a peer."""
        self._named.pop(peer, None)

    def up(self, peer: PeerId, *, dialled: bool) -> None:
        """Hear that a session with a peer has begun."""
        self._lost.pop(peer, None)
        if dialled:
            self._dialled.add(peer)

    def down(self, peer: PeerId) -> None:
        """Hear that it has ended, as when a line or a relay was cut."""
        if peer in self._dialled:
            self._dialled.discard(peer)
            self._lost[peer] = None

    def wanting(self) -> list[PeerId]:
        """Return who should be connected."""
        found = [*self._named]
        for peer in tuple(self._lost):
            held = self._known.get(peer)
            if not held or self._dialling.failures(peer) > AGAIN:
                del self._lost[peer]
            elif addresses(held):  # without its relay it has none, until it finds that again
                found.append(peer)
        return found

    def dial(self, peer: PeerId, monotonic_ms: int, luck: Luck) -> Address | None:
        """Return where to dial a peer, if it may be dialled now."""
        if not self._dialling.due(peer, monotonic_ms):
            return None
        held = self._known.get(peer)
        places = (*self._named.get(peer, ()), *(addresses(held) if held else ()))
        return self._dialling.dial(places, monotonic_ms, luck)
