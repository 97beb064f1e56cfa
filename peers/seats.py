"""Seats: which connection is at which routing id of a listening socket. Pure.

Routing ids are how ZeroMQ tells connections apart; some are chosen by the other end. So one is
never a name: each message is checked for the key that the connection began with.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

from peers.connection import Connection

MAX_ENDED: Final = 4096  # routing ids whose last messages may still be on their way


class Seat(NamedTuple):
    """A connection from outside."""

    connection: Connection
    routing_id: bytes
    number: int  # of its TCP socket


class Seats:
    """The connections of one listening socket."""

    def __init__(self) -> None:
        self._at: dict[bytes, Seat] = {}
        self._of: dict[Connection, Seat] = {}
        self._ended: OrderedDict[bytes, None] = OrderedDict()

    def at(self, routing_id: bytes) -> Seat | None:
        """Return who sits there."""
        return self._at.get(routing_id)

    def of(self, connection: Connection) -> Seat | None:
        """Return where a connection sits."""
        return self._of.get(connection)

    def by_number(self, number: int) -> list[Seat]:
        """Return who came over a TCP socket."""
        return [seat for seat in self._at.values() if seat.number == number]

    def is_ended(self, routing_id: bytes) -> bool:
        """Return whether what comes from there is late, and to be dropped."""
        return routing_id in self._ended

    def take(self, seat: Seat) -> Seat:
        """Let a connection sit."""
        self._at[seat.routing_id] = self._of[seat.connection] = seat
        return seat

    def leave(self, seat: Seat) -> None:
        """Let nobody sit there any more."""
        del self._at[seat.routing_id], self._of[seat.connection]
        self._ended[seat.routing_id] = None
        if len(self._ended) > MAX_ENDED:
            self._ended.popitem(last=False)
