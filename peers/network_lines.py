"""Network lines: the connections of the network process as the node knows them. Pure.

What the process says of them is not believed: it can name no connection that there is not, no more
of them than there may be, and nothing twice. What comes late of one that has ended is dropped.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

from peers import network_messages as messages
from peers.connection import Arrival, Arrived, Channel, Connected, Connection, Ended, Left
from peers.envelope import MAX_FRAMES
from peers.errors import RemoteFault
from peers.gate import Limits
from peers.network_frames import Frame, Kind

MAX_UNDER_WAY: Final = 64  # messages of one connection that the process has
MAX_SIZE: Final = 4 * 2**20  # bytes of them, after which none is taken
MAX_ALL: Final = 64 * 2**20  # bytes of all connections together

_SPARE: Final = 64  # connections that are over the limit and about to be cut


class _Line:
    """One connection."""

    def __init__(self, number: int) -> None:
        self.id = number
        self.sizes: deque[int] = deque()  # of what is under way
        self.size = 0


class NetworkLines:
    """All connections of one peer."""

    def __init__(self, limits: Limits, numbers: Iterator[int]) -> None:
        """Number connections by `numbers`, which rise."""
        self._most = limits.connections + _SPARE
        self._numbers = numbers
        self._lines: dict[Connection, _Line] = {}
        self._connections: dict[int, Connection] = {}  # by the process's id
        self._announced: dict[int, tuple[bytes, str]] = {}  # and not heard yet
        self._guests = 0  # connections from outside
        self._size = 0

    def id_of(self, connection: Connection) -> int | None:
        """Return how the process calls a connection."""
        line = self._lines.get(connection)
        return line.id if line else None

    def dialled(self, connection: Connection) -> None:
        """Know a connection that is dialled."""
        self._know(2 * connection.number, connection)

    def takes(self, connection: Connection, size: int) -> int | None:
        """Count a message to be sent; return the id, or None when there is no room for it."""
        line = self._lines.get(connection)
        if line is None or len(line.sizes) >= MAX_UNDER_WAY:
            return None
        if line.size >= MAX_SIZE or self._size >= MAX_ALL:
            return None
        line.sizes.append(size)
        line.size += size
        self._size += size
        return line.id

    def ended(self, connection: Connection) -> int | None:
        """Forget a connection; return its id, if there was one."""
        line = self._lines.pop(connection, None)
        if line is None:
            return None
        self._size -= line.size
        self._guests -= not connection.is_dialled
        del self._connections[line.id]
        return line.id

    def clear(self) -> list[Connection]:
        """Forget all: the process is gone; return what there was."""
        gone = list(self._lines)
        for connection in gone:
            self.ended(connection)
        self._announced.clear()
        return gone

    def arrival(self, channel: Channel, frame: Frame) -> Arrival | None:
        """Return what the process says has arrived; None for what nobody needs to know.

        Raises: RemoteFault for what it cannot say.
        """
        connection = self._connections.get(frame.id)
        if connection and connection.channel is not channel:
            raise RemoteFault("a connection is of another channel")
        match frame.kind:
            case Kind.ACCEPTED:
                self._accepted(frame)
            case Kind.MESSAGE:
                return self._message(channel, frame, connection)
            case Kind.CONNECTED if connection and connection.is_dialled:
                return Connected(connection)
            case Kind.LEFT if connection:
                return Left(connection, self._left(connection, messages.unpack_count(frame)))
            case Kind.ENDED if connection:
                self.ended(connection)
                return Ended(connection, messages.unpack_text(frame))
            case Kind.ENDED | Kind.LEFT | Kind.CONNECTED:
                pass
            case _:
                raise RemoteFault(f"it says {frame.kind.name}")
        return None

    def _accepted(self, frame: Frame) -> None:
        if not frame.id % 2 or frame.id in self._connections or frame.id in self._announced:
            raise RemoteFault("an id is not a new one")
        if self._guests + len(self._announced) >= self._most:
            raise RemoteFault(f"over {self._most} connections")
        self._announced[frame.id] = messages.unpack_accepted(frame)

    def _message(
        self, channel: Channel, frame: Frame, connection: Connection | None
    ) -> Arrived | None:
        if len(frame.parts) > MAX_FRAMES:
            raise RemoteFault(f"a message has over {MAX_FRAMES} frames")
        if said := self._announced.pop(frame.id, None):
            key, host = said
            number = next(self._numbers)
            connection = Connection(number, key, channel, host, is_dialled=False)
            self._know(frame.id, connection)
            self._guests += 1
        return Arrived(connection, frame.parts) if connection else None

    def _left(self, connection: Connection, count: int) -> int:
        line = self._lines[connection]
        if count > len(line.sizes):
            raise RemoteFault("more has left than was sent")
        size = sum(line.sizes.popleft() for _ in range(count))
        line.size -= size
        self._size -= size
        return count

    def _know(self, number: int, connection: Connection) -> None:
        self._lines[connection] = _Line(number)
        self._connections[number] = connection
