"""Insisting: requests to one peer that are asked again, the same bytes, until they are answered.

They go in order, on whichever line for control there is, as far as it has room. Unlike Asking,
which forgets with a line what was asked on it, this is for what has to be heard: whoever asks ends
it.
"""

from collections import deque
from typing import Final, NamedTuple

from peers.connection import Connection
from peers.identity import PeerId
from peers.lines import Lines
from peers.mail import Mail

ANSWER_MS: Final = 15_000  # for what a provider saves before it answers


class _Plea(NamedTuple):
    kind: int
    body: bytes


class Insisting:
    """What one peer is asked, and has not answered. For the node's thread."""

    def __init__(self, peer: PeerId, mail: Mail, lines: Lines) -> None:
        self._peer = peer
        self._mail = mail
        self._lines = lines
        self._asked: dict[tuple[Connection, bytes], _Plea] = {}
        self._unsent: deque[_Plea] = deque()

    def ask(self, kind: int, body: bytes) -> None:
        """Ask as soon as there is room."""
        self._unsent.append(_Plea(kind, body))
        self.flush()

    def flush(self) -> None:
        """Ask what is to be asked, as far as there is room."""
        mail = self._mail
        line = self._lines.control(self._peer) if self._unsent else None
        while line is not None and self._unsent and mail.room(line):
            plea = self._unsent.popleft()
            key = mail.ask(line, plea.kind, plea.body, ANSWER_MS)
            self._asked[line, key] = plea

    def answered(self, connection: Connection, key: bytes) -> int | None:
        """Take an answer; return the type of what it is to, None when that is nothing of this."""
        plea = self._asked.pop((connection, key), None)
        return None if plea is None else plea.kind

    def unanswered(self, connection: Connection, key: bytes) -> None:
        """Ask again what was not answered in time."""
        if (plea := self._asked.pop((connection, key), None)) is not None:
            self._unsent.appendleft(plea)
            self.flush()

    def closed(self, connection: Connection) -> None:
        """Ask again on another line what was asked on this one."""
        lost = [key for key in self._asked if key[0] == connection]
        self._unsent.extendleft(self._asked.pop(key) for key in reversed(lost))
        self.flush()

    def end(self) -> None:
        """Insist no more."""
        self._unsent.clear()
        self._asked.clear()
