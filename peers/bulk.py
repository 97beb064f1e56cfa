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
        self._stray = MAX_STRAY

    @property
    def is_idle(self) -> bool:
        """Whether all has gone."""
        return not self._waiting

    def send(self, message: Message, now_ms: int, gone: Callable[[], None] | None = None) -> None:
        """Send a message as soon as the rate allows; `gone` is called when it has left."""
        kind, body = pack(message)
        self._waiting.append((kind, body, gone))
        if len(self._waiting) > MAX_WAITING:
            self._waiting.clear()
            self.end("it does not take what it asked for", is_fault=False)
        self.flush(now_ms)

    def flush(self, now_ms: int) -> None:
        """Send what may go by now."""
        while self._waiting and self._allowance.take(now_ms, _ENVELOPE + len(self._waiting[0][1])):
            kind, body, gone = self._waiting.popleft()
            self._mail.tell(self.connection, kind, body)
            if gone is not None:
                gone()

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
