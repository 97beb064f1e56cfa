"""Carrier: what has the connections of a peer and carries messages on them. The protocol alone.

Two are: Transport has the sockets itself (transport.py), Network has them in a process of its own.
What they tell of is an Arrival (connection.py).
"""

from typing import Protocol

from peers.connection import Channel, Connection, Place


class Carrier(Protocol):
    """Has connections."""

    def listen(self, host: str, port: int, channel: Channel) -> int:
        """Let others connect; return the port, which is a free one for port 0.

        Raises: LocalFault when that cannot be had.
        """
        ...

    def dial(self, place: Place, channel: Channel) -> Connection:
        """Begin to connect; Connected or Ended will arrive.

        Raises: LocalFault when the place is none.
        """
        ...

    def send(self, connection: Connection, frames: tuple[bytes, ...]) -> bool:
        """Take a message, and Left will arrive; False when there is no room, or no connection."""
        ...

    def cut(self, connection: Connection) -> None:
        """End a connection now; nothing more arrives on it."""
        ...

    def shut_out(self, curve_key: bytes, for_ms: int) -> None:
        """Let nobody with this key connect for a time."""
        ...
