"""Lines: which connections there are to which peers, and how one for blocks comes to be.

A peer has a line for control, and one for blocks only when blocks are to flow. Who dialled the
first dials the second too, as it may be the only one who can; the other asks it to.
"""

from typing import Final

from peers.connection import Channel, Connection, Place
from peers.envelope import Role
from peers.errors import LocalFault, RemoteFault
from peers.identity import PeerId
from peers.mail import Mail
from peers.messages import Subject, notice

BULK_TYPE: Final = notice(Subject.LINE)
REDIAL_MS: Final = 5_000


class Lines:
    """The connections of a node, by peer. For its one thread; a Part."""

    def __init__(self, mail: Mail) -> None:
        self._mail = mail
        self._lines: dict[tuple[PeerId, Channel], dict[Connection, None]] = {}
        self._bulk_places: dict[PeerId, Place] = {}  # of those that we dialled
        self._tried: dict[PeerId, int] = {}  # when a line for blocks was last begun
        self._now_ms = 0

    def peers(self) -> tuple[PeerId, ...]:
        """Return who is connected."""
        return tuple(peer for peer, channel in self._lines if channel is Channel.CONTROL)

    def count(self, channel: Channel) -> int:
        """Return how many connections there are of a channel."""
        return sum(len(held) for (_, of), held in self._lines.items() if of is channel)

    def control(self, peer: PeerId) -> Connection | None:
        """Return a line for control."""
        return self._first(peer, Channel.CONTROL)

    def bulk(self, peer: PeerId) -> Connection | None:
        """Return a line for blocks; while there is none, have one made."""
        found = self._first(peer, Channel.BULK)
        if found is None and self._now_ms >= self._tried.get(peer, 0):
            self._begin_bulk(peer)
        return found

    def bulk_at(self, peer: PeerId, place: Place) -> None:
        """Note where a peer that we dialled takes lines for blocks."""
        self._bulk_places[peer] = place

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """Count a connection."""
        self._lines.setdefault((peer, connection.channel), {})[connection] = None

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Count a connection no more; without one for control, one for blocks is of no use."""
        key = (peer, connection.channel)
        held = self._lines.get(key, {})
        held.pop(connection, None)
        if not held:
            self._lines.pop(key, None)
            self._tried.pop(peer, None)
        if connection.channel is Channel.CONTROL and not held:
            self._bulk_places.pop(peer, None)
            for bulk in tuple(self._lines.get((peer, Channel.BULK), ())):
                self._mail.end(bulk, "its line for control is gone", is_fault=False)

    def came(
        self, connection: Connection, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Take a message about lines."""
        if kind != BULK_TYPE or body or connection.channel is not Channel.CONTROL:
            raise RemoteFault(f"there is no type {kind}")
        self.bulk(peer)

    def unanswered(self, connection: Connection, peer: PeerId, key: bytes) -> None:
        """Nothing is asked here."""

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        self._now_ms = now_ms

    def _begin_bulk(self, peer: PeerId) -> None:
        control = self.control(peer)
        if control is None:
            return
        self._tried[peer] = self._now_ms + REDIAL_MS
        if not control.is_dialled:
            self._mail.tell(control, BULK_TYPE, b"")
        elif place := self._bulk_places.get(peer):
            try:
                self._mail.dial(place, Channel.BULK, expected=peer)
            except LocalFault as fault:
                self._mail.end(control, fault.what, is_fault=False)

    def _first(self, peer: PeerId, channel: Channel) -> Connection | None:
        return next(iter(self._lines.get((peer, channel), ())), None)
