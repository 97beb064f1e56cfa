"""Asking: requests to one peer on its line for control, in order, as far as there is room.

What is asked is forgotten with the line: whoever asked hears of the next one, and asks again.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from peers.connection import Connection
from peers.identity import PeerId
from peers.lines import Lines
from peers.mail import Mail

ANSWER_MS: Final = 600_000  # in which a peer is to have fetched what it is told of, and answered
MAX_WAITING: Final = 256  # requests: whoever answers what it is told leaves far fewer
_SPARE: Final = 4  # of the requests that a line has room for: other parts ask, too

Then = Callable[[bytes | None], None]  # given the answer; None: its time is up


class _Request(NamedTuple):
    kind: int
    body: bytes
    then: Then


class Asking:
    """The requests of one part of the node to one peer. For the node's thread."""

    def __init__(self, peer: PeerId, mail: Mail, lines: Lines) -> None:
        self._peer = peer
        self._mail = mail
        self._lines = lines
        self._waiting: deque[_Request] = deque()
        self._asked: dict[bytes, tuple[Connection, Then]] = {}

    def ask(self, kind: int, body: bytes, then: Then) -> None:
        """Ask as soon as there is room; who lets too much pile up is cut off."""
        self._waiting.append(_Request(kind, body, then))
        self.flush()
        if len(self._waiting) > MAX_WAITING:
            self._waiting.clear()  # whoever asked hears of the next line
            if line := self._lines.control(self._peer):
                self._mail.end(line, "it does not answer what it is told", is_fault=True)

    def flush(self) -> None:
        """Ask what waits, if there is room and a line."""
        line = self._lines.control(self._peer)
        while line is not None and self._waiting and self._mail.room(line) > _SPARE:
            kind, body, then = self._waiting.popleft()
            self._asked[self._mail.ask(line, kind, body, ANSWER_MS)] = (line, then)

    def answered(self, key: bytes, body: bytes | None) -> bool:
        """Take an answer, or that none came; return whether it is to a request of this part."""
        _, then = self._asked.pop(key, (None, None))
        if then is None:
            return False
        then(body)
        self.flush()
        return True

    def closed(self, connection: Connection) -> None:
        """Forget what was asked on a line, and what waits when there is none."""
        self._asked = {key: one for key, one in self._asked.items() if one[0] is not connection}
        if self._lines.control(self._peer) is None:
            self._waiting.clear()
