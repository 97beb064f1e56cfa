"""Outbox: the messages on their way out on one connection. Pure.

What a carrier has no room for waits here. When a message has left, its sender is told.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from peers.carrier import Carrier
from peers.connection import Connection

MAX_WAITING: Final = 256  # messages, beside those that the carrier has

Sent: TypeAlias = Callable[[], None] | None


class _Message(NamedTuple):
    frames: tuple[bytes, ...]
    sent: Sent


class Outbox:
    """One connection's."""

    def __init__(self, carrier: Carrier, connection: Connection) -> None:
        self._carrier = carrier
        self._connection = connection
        self._waiting: deque[_Message] = deque()
        self._under_way: deque[Sent] = deque()  # with the carrier

    def send(self, frames: tuple[bytes, ...], sent: Sent) -> bool:
        """Send a message now or later; return False when too many wait."""
        self._waiting.append(_Message(frames, sent))
        if len(self._waiting) == 1:
            self.flush()
        return len(self._waiting) <= MAX_WAITING

    def left(self, count: int) -> None:
        """Take it that the oldest messages have left; what waits for their room goes first."""
        gone = [self._under_way.popleft() for _ in range(min(count, len(self._under_way)))]
        self.flush()
        for sent in gone:
            if sent:
                sent()

    def flush(self) -> None:
        """Send what there is room for."""
        while self._waiting and self._carrier.send(self._connection, self._waiting[0].frames):
            self._under_way.append(self._waiting.popleft().sent)
