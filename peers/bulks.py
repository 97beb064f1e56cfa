"""Bulks: the lines for blocks that are open, by peer, each at the rate that holds with it.

A peer may have several: it is asked on the first, and answered on the one that it asks on.
"""

from peers.allowance import STRANGER
from peers.bulk import Bulk
from peers.connection import Connection
from peers.identity import PeerId
from peers.mail import Mail
from peers.rates import Rates


class Bulks:
    """Those of a node. For its thread."""

    def __init__(self, mail: Mail, rates: Rates) -> None:
        """Use rates that stay their owner's to change; see `grant`."""
        self._mail = mail
        self._rates = rates
        self._open: dict[PeerId, dict[Connection, Bulk]] = {}

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(map(len, self._open.values()))

    def first(self, peer: PeerId) -> Bulk | None:
        """Return the one on which a peer is asked."""
        return next(iter(self._open.get(peer, {}).values()), None)

    def on(self, connection: Connection, peer: PeerId) -> Bulk | None:
        """Return the one that a connection is."""
        return self._open.get(peer, {}).get(connection)

    def open(self, connection: Connection, peer: PeerId, now_ms: int) -> Bulk:
        """Take a connection for blocks."""
        bulk = Bulk(self._mail, connection, STRANGER, now_ms)
        self._open.setdefault(peer, {})[connection] = bulk
        if self._rates.count(peer):
            bulk.grant(self._rates.of(peer), now_ms)
        return bulk

    def close(self, connection: Connection, peer: PeerId) -> None:
        """Have a connection no more."""
        bulks = self._open.get(peer, {})
        bulks.pop(connection, None)
        if not bulks:
            self._open.pop(peer, None)

    def grant(self, peer: PeerId, now_ms: int) -> None:
        """Let both ends send at the rate that holds with a peer now."""
        for bulk in self._open.get(peer, {}).values():
            bulk.grant(self._rates.of(peer), now_ms)

    def cut(self, peer: PeerId, why: str) -> None:
        """End the lines of a peer that broke the protocol."""
        for bulk in self._open.get(peer, {}).values():
            bulk.end(why, is_fault=True)

    def flush(self, now_ms: int) -> None:
        """Send what may go by now."""
        for bulks in self._open.values():
            for bulk in tuple(bulks.values()):
                bulk.flush(now_ms)
