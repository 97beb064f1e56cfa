"""Written: mail that is only written down."""

from collections.abc import Callable

from peers.allowance import Rate
from peers.connection import Connection
from peers.mail import Mail


class Written(Mail):
    """What was sent, and on what."""

    def __init__(self) -> None:
        self.sizes: list[int] = []  # of notices
        self.leaving: list[Callable[[], None]] = []
        self.rates: list[Rate] = []
        self.ends: list[tuple[str, bool]] = []
        self.ended: list[Connection] = []
        self.asked: list[tuple[Connection, int, bytes]] = []
        self.left = 2  # requests that there is room for

    def ask(self, connection: Connection, kind: int, body: bytes, deadline_ms: int) -> bytes:
        """Note a request; its id is its number on its line."""
        self.left -= 1
        self.asked.append((connection, kind, body))
        return b"%d" % sum(one[0] == connection for one in self.asked)

    def room(self, connection: Connection) -> int:
        """Return how many more there is room for."""
        return self.left

    def tell(
        self, connection: Connection, kind: int, body: bytes, sent: Callable[[], None] | None = None
    ) -> None:
        """Note a message."""
        self.sizes.append(len(body))
        if sent:
            self.leaving.append(sent)

    def grant(self, connection: Connection, rate: Rate) -> None:
        """Note a rate."""
        self.rates.append(rate)

    def end(self, connection: Connection, why: str, *, is_fault: bool) -> None:
        """Note an end."""
        self.ends.append((why, is_fault))
        self.ended.append(connection)
