"""Mail: what the parts of a node speak to other peers through, and are told. The protocols alone.

Post is one (post.py). All of it is for one thread, that of the node.
"""

from collections.abc import Callable
from typing import Protocol

from peers.allowance import Rate
from peers.connection import Channel, Connection, Place
from peers.envelope import Role
from peers.identity import PeerId


class Mail(Protocol):
    """Sends on connections."""

    def dial(self, place: Place, channel: Channel, *, expected: PeerId) -> Connection:
        """Begin to connect to a peer; it will have opened, or closed.

        Raises: LocalFault when the place is none.
        """
        ...

    def ask(self, connection: Connection, kind: int, body: bytes, deadline_ms: int) -> bytes:
        """Send a request; return its id, which its answer will have."""
        ...

    def reply(self, connection: Connection, request_id: bytes, body: bytes) -> None:
        """Answer a request that came on a connection, if that is still there."""
        ...

    def tell(
        self,
        connection: Connection,
        kind: int,
        body: bytes,
        sent: Callable[[], None] | None = None,
    ) -> None:
        """Send a notice, if the connection is still there.

        `sent` is called, never at once, when it has left this program: when there may be a next
        one that is as large. It is not if the connection closes before.
        """
        ...

    def grant(self, connection: Connection, rate: Rate) -> None:
        """Let the other end send at another rate."""
        ...

    def room(self, connection: Connection) -> int:
        """Return how many requests may be asked on a connection now."""
        ...

    def version(self, connection: Connection) -> int:
        """Return which version of the protocol was agreed on a connection; 0 when it is gone."""
        ...

    def end(self, connection: Connection, why: str, *, is_fault: bool) -> None:
        """End a connection; that it has closed is heard later, as all is."""
        ...


class Part(Protocol):
    """A part of a node: is told what happens, and never waits."""

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """It is known who is at the other end of a connection."""
        ...

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """A connection that was opened is gone."""
        ...

    def came(
        self, connection: Connection, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """A message came; `key` is the id of its request, zeros in a notice.

        Raises: RemoteFault for what no honest peer sends: the connection ends.
        """
        ...

    def unanswered(self, connection: Connection, peer: PeerId, key: bytes) -> None:
        """The time for an answer is up."""
        ...

    def tick(self, now_ms: int) -> None:
        """Time has passed: said every 50 ms, monotonic."""
        ...
