"""CreditPost: what a teller and other peers say to each other, as bodies on lines.

What is said comes from the book (correspondence.py), and what is asked is answered in turn
(queries.py).
"""

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

from engine.clock import Clock
from peers.asking import Asking
from peers.connection import Connection
from peers.correspondence import lost_after, told_after
from peers.credit_messages import (
    ENTRIES_TYPE,
    SHOW_TYPE,
    SYNC_TYPE,
    Entries,
    Lost,
    Taken,
    read_entries,
    read_lost,
    read_sync,
    read_taken,
    write_entries,
    write_lost,
    write_sync,
    write_taken,
)
from peers.identity import PeerId
from peers.ledger_file import LedgerFile
from peers.lines import Lines
from peers.mail import Mail
from peers.place import Place
from peers.queries import Queries
from peers.teller import Teller
from peers.teller_events import Answer, Ask, Say, Show
from peers.write_queue import Row

TYPES: Final = frozenset((SYNC_TYPE, ENTRIES_TYPE, SHOW_TYPE))

Word: TypeAlias = Ask | Say | Show | Answer
Reply = Callable[[bytes], None]


class CreditPost:
    """The words of one teller. For the node's thread."""

    def __init__(
        self, mail: Mail, lines: Lines, teller: Teller, book: LedgerFile, clock: Clock
    ) -> None:
        """Speak for a teller, of what is in its book."""
        self._mail = mail
        self._lines = lines
        self._teller = teller
        self._book = book
        self._clock = clock
        self._askings: dict[PeerId, Asking] = {}
        self._queries = Queries()

    def asking(self, peer: PeerId) -> Asking:
        """Return what asks a peer; of one that is gone nothing is kept."""
        asking = self._askings.get(peer) or Asking(peer, self._mail, self._lines)
        if self._lines.control(peer) is not None:
            self._askings[peer] = asking
        return asking

    # what happens on connections

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Forget what was asked on a line that is gone."""
        if (asking := self._askings.get(peer)) is not None:
            asking.closed(connection)
        if self._lines.control(peer) is None:
            self._askings.pop(peer, None)
            self._queries.closed(peer)

    def answered(self, peer: PeerId, key: bytes, body: bytes | None) -> bool:
        """Take an answer, or that none came; return whether it is to what was asked here."""
        asking = self._askings.get(peer)
        return asking is not None and asking.answered(key, body)

    def came(self, peer: PeerId, kind: int, body: bytes, reply: Reply) -> None:
        """Take what a peer says or asks: one of TYPES.

        Raises: RemoteFault.
        """
        if kind == SYNC_TYPE:
            self._queries.ask(peer, partial(self._sync, peer, read_sync(body), reply))
        elif kind == ENTRIES_TYPE:
            self._said(peer, _rows(read_entries(body)), reply)
        else:
            self._queries.wait(peer, partial(self._show, peer, read_lost(body), reply))

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        self._queries.tick(now_ms)
        for asking in self._askings.values():
            asking.flush()

    def _sync(self, peer: PeerId, last: Place | None, reply: Reply) -> None:
        self._teller.asked(peer, last, lambda last, _: reply(write_sync(last)))

    def _said(self, peer: PeerId, rows: list[Row], reply: Reply) -> None:
        """Take entries; of those that bring nothing new the signatures took as long to verify."""
        before = self._teller.ledger
        self._teller.said(peer, rows, lambda last, why: reply(write_taken(Taken(last, why))))
        if self._teller.ledger is before:
            self._queries.wait(peer, _nothing)

    def _show(self, peer: PeerId, lost: Lost, reply: Reply) -> None:
        reply(write_entries(lost_after(self._book, peer, lost)))

    # what the teller wants

    def say(self, word: Word) -> None:
        """Say to a peer, or ask or answer it, what the teller wants."""
        match word:
            case Ask(peer, last):
                self._ask(peer, SYNC_TYPE, write_sync(last), self._on_sync)
            case Say(peer, after):
                body = write_entries(told_after(self._book, peer, after))
                self._ask(peer, ENTRIES_TYPE, body, self._on_taken)
            case Show(peer, ours, theirs):
                self._ask(peer, SHOW_TYPE, write_lost(Lost(ours, theirs)), self._on_shown)
            case Answer(token, last, why):
                if not callable(token):
                    raise TypeError("a token is what answers")
                token(last, why)

    def _ask(
        self, peer: PeerId, kind: int, body: bytes, then: Callable[[PeerId, bytes], None]
    ) -> None:
        """Ask a peer; what it answers that is no answer ends its line."""

        def answered(answer: bytes | None) -> None:
            if answer is not None:
                then(peer, answer)

        self.asking(peer).ask(kind, body, answered)

    def _on_sync(self, peer: PeerId, body: bytes) -> None:
        self._teller.heard(peer, read_sync(body))

    def _on_taken(self, peer: PeerId, body: bytes) -> None:
        taken = read_taken(body)
        self._teller.taken(peer, taken.last, taken.why)

    def _on_shown(self, peer: PeerId, body: bytes) -> None:
        self._teller.shown(peer, _rows(read_entries(body)), self._clock.now_ms())


def _nothing() -> None:
    """Do nothing: a peer has had its turn before it came."""


def _rows(entries: Entries) -> list[Row]:
    """Return entries, each with the blocks that it names."""
    blocks = entries.evidence
    return [
        Row(one, tuple(blocks[cid] for cid in one.entry.refs if cid in blocks))
        for one in entries.entries
    ]
