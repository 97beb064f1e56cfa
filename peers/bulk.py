"""Bulk: one line for blocks: what goes out on it, as fast as the other end lets it.

Nothing here waits: what may not go yet does at a later tick.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from peers.allowance import Allowance, Rate
from peers.connection import Connection
from peers.errors import RemoteFault
from peers.exchange import Message, pack
from peers.mail import Mail
from peers.shares import Shares
from peers.source import WINDOW

MAX_WAITING: Final = 1_024  # messages; no honest peer asks so much and takes no answer
STUCK_MS: Final = 30_000  # for 2 MiB to leave: what waits takes the place of what others want
MAX_STRAY: Final = 2 * WINDOW  # bytes of blocks on no lane of ours
_ENVELOPE: Final = 64  # bytes, at most
_MARGIN: Final = 16  # this part of a rate is left unused: no two clocks go alike


class Bulk:
    """A line for blocks that is open. For one thread."""

    def __init__(self, mail: Mail, connection: Connection, rate: Rate, now_ms: int) -> None:
        self.connection = connection
        self.shares = Shares()  # of the wants that this peer may have there
        self._mail = mail
        self._allowance = Allowance(_planned(rate), now_ms, burst_s=1)
        self._waiting: deque[tuple[int, bytes, Callable[[], None] | None]] = deque()
        self._leaving = 0  # messages with blocks that are on their way out
        self._left_ms = now_ms  # when one has left, or there was none
        self._stray = MAX_STRAY
        self._now_ms = now_ms

    def send(self, message: Message, now_ms: int, gone: Callable[[], None] | None = None) -> None:
        """Send a message as soon as the rate allows; `gone` is called when it has left."""
        kind, body = pack(message)
        self._waiting.append((kind, body, gone))
        if len(self._waiting) > MAX_WAITING:
            self._waiting.clear()
            self.end("it does not take what it asked for", is_fault=False)
        self.flush(now_ms)

    def flush(self, now_ms: int) -> None:
        """Send what may go by now; end a line on which nothing moves."""
        self._now_ms = now_ms
        if self._leaving and now_ms - self._left_ms >= STUCK_MS:
            self._leaving = 0
            self.end("it does not take the blocks that it asked for", is_fault=False)
        while self._waiting and self._allowance.take(now_ms, _ENVELOPE + len(self._waiting[0][1])):
            kind, body, gone = self._waiting.popleft()
            self._mail.tell(self.connection, kind, body, gone and self._leave(gone, now_ms))

    def _leave(self, gone: Callable[[], None], now_ms: int) -> Callable[[], None]:
        """Note that blocks are on their way out; return what is to be called when they are."""
        if not self._leaving:
            self._left_ms = now_ms
        self._leaving += 1

        def left() -> None:
            self._leaving -= 1
            self._left_ms = self._now_ms
            gone()

        return left

    def grant(self, rate: Rate, now_ms: int) -> None:
        """Let both ends send at another rate."""
        self._mail.grant(self.connection, rate)
        self._allowance.grant(_planned(rate), now_ms)

    def lane_ended(self) -> None:
        """Expect what is still on its way for a lane that has just ended."""
        self._stray += WINDOW

    def strayed(self, size: int) -> None:
        """Count bytes that no lane is for.

        Raises: RemoteFault when there are too many.
        """
        self._stray -= size
        if self._stray < 0:
            raise RemoteFault("it sends blocks that nobody asked for")

    def end(self, why: str, *, is_fault: bool) -> None:
        """Have nothing more to do with who is there."""
        self._mail.end(self.connection, why, is_fault=is_fault)


def _planned(rate: Rate) -> Rate:
    return Rate(rate.messages - rate.messages // _MARGIN, rate.size - rate.size // _MARGIN)
