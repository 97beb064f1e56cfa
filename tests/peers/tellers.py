"""Tellers with books in memory, and what carries their words between them."""

from collections import deque
from collections.abc import Callable, Iterator

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Refused
from peers.entries import Body, Epoch, Genesis
from peers.entry import Written
from peers.identity import PeerId
from peers.place import Place, place_of
from peers.teller import Teller
from peers.teller_events import (
    Answer,
    Ask,
    Blame,
    Entered,
    Forked,
    Say,
    Show,
)
from peers.write_queue import Known, Row
from tests.peers.keys import identity
from tests.peers.ledgers import replay

PAGE = 3  # entries that are said at a time: few, so that there are many messages
Word = Callable[[], None]


class Party:
    """A peer whose book is a list: what was written survives, all else goes with a crash."""

    def __init__(self, number: int, net: "Net") -> None:
        self.key = identity(number)
        self.peer = PeerId(self.key.public_key)
        self.net = net
        self.rows: list[Row] = []  # the book
        self.now_ms = 0
        self.trouble: list[object] = []  # what it holds against others
        self.entered: list[Written] = []  # since it began
        self.genesis = Genesis(number.to_bytes(16, "big"))
        self.begin()
        self.work()

    def begin(self, *, is_restored: bool = False) -> None:
        """Begin from what is in the book."""
        self.unwritten: list[Row] = []
        ledger = replay(self.peer, [row.written for row in self.rows])
        book = Known(self._id_at, self._follower, self.evidence)
        self.teller = Teller(ledger, self.key, book, is_restored=is_restored)
        if not self.rows:
            self.teller.note(self.genesis, self.net.tick())
        if is_restored:
            self.now_ms += 1
            self.teller.note(Epoch("restored"), self.net.tick())
            self.work()

    def crash(self, written: int = 0) -> None:
        """Lose all that is in memory; of what was to be written only so many are."""
        self.unwritten += self.teller.unsaved()
        self.rows += self.unwritten[:written]
        self.net.cut(self)
        self.begin()

    def restore(self, rows: list[Row]) -> None:
        """Go on from a copy of the book that was made before."""
        self.rows = list(rows)
        self.net.cut(self)
        self.begin(is_restored=True)

    def say(self, other: "Party", body: Body, evidence: tuple[Block, ...] = ()) -> None:
        """Say something to another."""
        refs = tuple(block.cid for block in evidence)
        self.teller.enter(other.peer, body, 0, refs=refs, evidence=evidence)
        self.work()

    def work(self, written: int | None = None) -> None:
        """Write what is to be written, all or so many of it, and do what is to be done."""
        self.unwritten += self.teller.unsaved()
        count = len(self.unwritten) if written is None else min(written, len(self.unwritten))
        self.rows += self.unwritten[:count]
        del self.unwritten[:count]
        self.teller.saved(count)
        for action in self.teller.actions():
            self._do(action)

    def _do(self, action: object) -> None:
        match action:
            case Ask(peer, last):
                self.net.send(self, peer, lambda to: to.asked(self, last))
            case Say(peer, after):
                rows = self._said(peer, after)[:PAGE]
                self.net.send(self, peer, lambda to: to.said(self, rows))
            case Show(peer, ours, theirs):
                self.net.send(self, peer, lambda to: to.shows(self, ours, theirs))
            case Answer(token, last, why):
                assert callable(token)
                token(last, why)
            case Entered(written):
                self.entered.append(written)
            case Forked() | Blame():
                self.trouble.append(action)

    # what comes

    def asked(self, other: "Party", last: Place | None) -> None:
        """Be asked what is here of another, and answer."""

        def answer(last: Place | None, _: str) -> None:
            self.net.send(self, other.peer, lambda to: to._then(to.teller.heard, self.peer, last))

        self._then(self.teller.asked, other.peer, last, answer)

    def said(self, other: "Party", rows: list[Row]) -> None:
        """Be told entries, and answer how far they are taken."""

        def answer(last: Place | None, why: str) -> None:
            self.net.send(
                self, other.peer, lambda to: to._then(to.teller.taken, self.peer, last, why)
            )

        self._then(self.teller.said, other.peer, rows, answer)

    def shows(self, other: "Party", theirs: Place | None, ours: Place | None) -> None:
        """Show another what it has lost, in the order in which it was taken here."""
        after = {other.peer: theirs, self.peer: ours}
        names = {channel.id for channel in self.teller.ledger.with_peer(other.peer)}
        known = [row for row in self.rows if row.written.entry.channel in names]
        rows = [row for row in known if _is_past(row, after[row.written.author])][:PAGE]
        self.net.send(
            self, other.peer, lambda to: to._then(to.teller.shown, self.peer, rows, to.net.tick())
        )

    def _then(self, method: Callable[..., object], *values: object) -> None:
        method(*values)
        self.work()

    # the book

    def _id_at(self, author: PeerId, epoch: int, number: int) -> Cid | None:
        for row in self._of(author):
            if (row.written.entry.epoch, row.written.entry.number) == (epoch, number):
                return row.written.id
        return None

    def _follower(self, author: PeerId, channel: bytes, before: Cid | None) -> Cid | None:
        for row in self._of(author):
            if (row.written.entry.channel, row.written.entry.before) == (channel, before):
                return row.written.id
        return None

    def evidence(self, cid: Cid) -> bytes | None:
        """Return what an entry names."""
        blocks = (block for row in self.rows for block in row.evidence)
        return next((block.data for block in blocks if block.cid == cid), None)

    def _of(self, author: PeerId) -> Iterator[Row]:
        return (row for row in self.rows if row.written.author == author)

    def _said(self, peer: PeerId, after: Place | None) -> list[Row]:
        names = {channel.id for channel in self.teller.ledger.with_peer(peer)}
        ours = [row for row in self._of(self.peer) if row.written.entry.channel in names]
        return sorted((row for row in ours if _is_past(row, after)), key=_place)


def _place(row: Row) -> Place:
    return place_of(row.written)


def _is_past(row: Row, after: Place | None) -> bool:
    return after is None or _place(row) > after


class Net:
    """Between parties: words wait here until they are delivered, or lost with a line."""

    def __init__(self) -> None:
        self.parties: dict[PeerId, Party] = {}
        self.lines: dict[frozenset[PeerId], deque[tuple[PeerId, Callable[[Party], None]]]] = {}
        self._ticks = 1_000_000

    def tick(self) -> int:
        """Return a time that is later than any before."""
        self._ticks += 1
        return self._ticks

    def party(self) -> Party:
        """Return a new peer."""
        party = Party(len(self.parties) + 1, self)
        self.parties[party.peer] = party
        return party

    def connect(self, one: Party, two: Party) -> None:
        """Open a line between two."""
        self.lines[frozenset((one.peer, two.peer))] = deque()
        for party, other in ((one, two), (two, one)):
            party.teller.opened(other.peer)
            party.work()

    def cut(self, party: Party) -> None:
        """Lose all lines of a peer, with what was on them."""
        for ends in [ends for ends in self.lines if party.peer in ends]:
            del self.lines[ends]
            for peer in ends:
                if peer != party.peer:
                    self.parties[peer].teller.closed(party.peer)

    def send(self, party: Party, to: PeerId, word: Callable[[Party], None]) -> None:
        """Put a word on a line; without one it is lost."""
        line = self.lines.get(frozenset((party.peer, to)))
        if line is not None:
            line.append((to, word))

    def deliver(self, ends: frozenset[PeerId]) -> bool:
        """Deliver the next word of a line; return whether there was one."""
        if not self.lines.get(ends):
            return False
        to, word = self.lines[ends].popleft()
        word(self.parties[to])
        return True

    def settle(self) -> None:
        """Deliver everything."""
        while any(self.deliver(ends) for ends in tuple(self.lines)):
            pass


__all__ = ["Net", "Party", "Refused"]
