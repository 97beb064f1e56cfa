"""Relays: what a node has to do with relays. A Part: it hands on what comes about them.

>>> relays = Relays(RelayDesk(...), Reachable(...), Reaching(...))       # doctest: +SKIP
"""

from typing import NamedTuple

from peers.connection import Channel, Connection
from peers.envelope import Role
from peers.errors import RemoteFault
from peers.identity import PeerId
from peers.reachable import Reachable
from peers.reaching import Reaching
from peers.relay_desk import RelayDesk
from peers.relay_messages import CALL_TYPE, KEEP_TYPE, REACH_TYPE
from peers.relay_port import RelayPort


class Relays(NamedTuple):
    """Being a relay, being reached through others, reaching others so."""

    desk: RelayDesk
    reachable: Reachable
    reaching: Reaching
    port: RelayPort | None = None  # of one that is a relay

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """Hear of a session."""
        if connection.channel is Channel.CONTROL:
            self.reachable.opened(peer)
            self.reaching.opened(peer)

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Hear that a session has ended."""
        self.desk.closed(peer)
        self.reachable.closed(peer)
        self.reaching.closed(connection, peer)

    def came(
        self, connection: Connection, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Take a message about relays."""
        if connection.channel is not Channel.CONTROL:
            raise RemoteFault(f"type {kind} on a line for blocks")
        if kind == KEEP_TYPE:
            self.desk.keep(connection, peer, key, body)
        elif kind == KEEP_TYPE + 1:
            self.reachable.answered(peer, body)
        elif kind == REACH_TYPE:
            self.desk.reach(connection, peer, key, body)
        elif kind == REACH_TYPE + 1:
            self.reaching.answered(key, body)
        elif kind == CALL_TYPE:
            self.reachable.called(peer, body)
        else:
            raise RemoteFault(f"there is no type {kind}")

    def unanswered(self, connection: Connection, peer: PeerId, key: bytes) -> None:
        """Wait for an answer no longer, if it was one of these."""
        self.reaching.unanswered(key)

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        self.reachable.tick(now_ms)
