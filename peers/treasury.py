"""Treasury: the part of a node that keeps its ledger with other peers.

It drives a teller (teller.py): writes what that takes, and only then says it. Who trades asks it
to sign, and is told when that is durable.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Final

from engine.clock import Clock
from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Refused
from engine.recorder import Record, Recorder
from peers.asking import Asking
from peers.channel import Channel as Account
from peers.connection import Channel, Connection
from peers.correspondence import lost_after, told_after
from peers.court import Court
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
from peers.entries import Body
from peers.entry import Written
from peers.envelope import Role
from peers.identity import PeerId
from peers.ledger import Ledger
from peers.ledger_book import LedgerBook
from peers.lines import Lines
from peers.mail import Mail
from peers.proofs import FraudProof
from peers.queries import Queries
from peers.saying import Say as Log
from peers.teller import Teller
from peers.teller_events import Action, Answer, Ask, Blame, Breach, Entered, Forked, Note, Say, Show
from peers.unwritten import Row
from peers.wake import Wake

AGAIN_MS: Final = 1_000  # after a disk that was full

Heard = Callable[[Written], None]


class Treasury:
    """One ledger, and who has to hear of it. For the node's thread; a Part."""

    def __init__(
        self,
        mail: Mail,
        lines: Lines,
        teller: Teller,
        book: LedgerBook,
        recorder: Recorder,
        clock: Clock,
        wake: Wake,
        log: Log,
    ) -> None:
        """Take what was loaded from the book, and what writes to it."""
        self.heard: list[Heard] = []  # who is told of each entry that is durable
        self._mail = mail
        self._lines = lines
        self._teller = teller
        self._book = book
        self._recorder = recorder
        self._clock = clock
        self._wake = wake
        self._log = log
        self._askings: dict[PeerId, Asking] = {}
        self._queries = Queries()
        self._court = Court(
            teller.ledger.me,
            book,
            mail,
            lines,
            self._asking,
            lambda: teller.ledger,
            lambda fraud, proof: teller.note(fraud, clock.now_ms(), (proof,)),
            log,
        )
        self._then: dict[Cid, Callable[[], None]] = {}  # by entry
        self._rows: list[Row] = []  # to be written
        self._is_writing = self._is_acting = False
        self._is_behind = False  # whether a write failed, and was not tried again
        self._again_ms = 0
        self._now_ms = clock.monotonic_ms()

    # for who trades

    @property
    def ledger(self) -> Ledger:
        """What counts now, some of which may not be durable yet."""
        return self._teller.ledger

    @property
    def me(self) -> PeerId:
        """Whose it is."""
        return self.ledger.me

    def account(self, peer: PeerId) -> Account:
        """Return how it stands with a peer; a stranger that cheats elsewhere is lent nothing."""
        account = self.ledger.channel(peer)
        return replace(account, is_frozen=True) if self._court.knows(peer) else account

    def may_sign(self, peer: PeerId) -> bool:
        """Return whether anything may be signed in the channel with a peer."""
        return self._teller.may_sign(peer)

    def evidence(self, cid: Cid) -> bytes | None:
        """Return what an entry names, if that is durable."""
        return self._book.evidence(cid)

    def accuse(self, proof: FraudProof) -> None:
        """Convict by a proof that was found here, by what others said, and that holds."""
        self._court.accuse(proof)
        self._go_on()

    def enter(
        self,
        peer: PeerId,
        body: Body,
        *,
        evidence: Iterable[Block] = (),
        then: Callable[[], None] | None = None,
    ) -> Written:
        """Sign an entry, with blocks that go with it; `then` is called when all is durable.

        Raises: Refused when it may not be said.
        """
        blocks = tuple(evidence)
        refs = tuple(block.cid for block in blocks)
        wall_ms = self._clock.now_ms()
        written = self._teller.enter(peer, body, wall_ms, refs=refs, evidence=blocks)
        self._after(written, then)
        return written

    def note(
        self, body: Body, evidence: Iterable[Block] = (), then: Callable[[], None] | None = None
    ) -> Written:
        """Sign an entry that is in no channel."""
        written = self._teller.note(body, self._clock.now_ms(), evidence)
        self._after(written, then)
        return written

    def close(self) -> None:
        """Write all, and keep the ledger as it is, so that it is there at once the next time."""
        self._recorder.flush()
        if self._is_behind:  # of a full disk: what was not written was not said either
            return
        rows = self._rows + self._teller.unsaved()
        evidence = [block for row in rows for block in row.evidence]
        with self._book.change() as change:
            entries = [row.written for row in rows]
            self._book.enter(entries, self.ledger, change, evidence=evidence)
            self._book.cache(self.ledger, change)

    # a Part

    def opened(self, connection: Connection, peer: PeerId) -> None:
        """Ask a peer that is there what it has of ours."""
        if connection.channel is Channel.CONTROL:
            self._teller.opened(peer)
            self._court.opened(peer)
            self._go_on()

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Forget what was asked of a peer that is gone."""
        if connection.channel is not Channel.CONTROL:
            return
        if (asking := self._askings.get(peer)) is not None:
            asking.closed(connection)
        self._court.closed(peer)
        if self._lines.control(peer) is None:
            self._askings.pop(peer, None)
            self._queries.closed(peer)
            self._teller.closed(peer)
        else:
            self._teller.unanswered(peer)
        self._go_on()

    def came(
        self, connection: Connection, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Take what a peer says of credit."""
        if role is Role.ANSWER:
            if (asking := self._askings.get(peer)) is not None:
                asking.answered(key, body)
            return
        reply = partial(self._mail.reply, connection, key)
        if kind == SYNC_TYPE:
            last = read_sync(body)
            self._queries.ask(
                peer,
                lambda: self._teller.asked(peer, last, lambda last, _: reply(write_sync(last))),
            )
        elif kind == ENTRIES_TYPE:
            rows = _rows(read_entries(body))
            self._teller.said(peer, rows, lambda last, why: reply(write_taken(Taken(last, why))))
        elif kind == SHOW_TYPE:
            lost = read_lost(body)
            self._queries.wait(
                peer, lambda: reply(write_entries(lost_after(self._book, peer, lost)))
            )
        else:
            self._court.came(peer, kind, body, reply)
        self._go_on()

    def unanswered(self, connection: Connection, peer: PeerId, key: bytes) -> None:
        """Ask again what was not answered in time."""
        if (asking := self._askings.get(peer)) is not None and asking.answered(key, None):
            self._teller.unanswered(peer)
            self._go_on()

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        self._now_ms = now_ms
        self._court.tick(now_ms)
        self._queries.tick(now_ms)
        for asking in self._askings.values():
            asking.flush()
        self._go_on()

    # the book

    def _after(self, written: Written, then: Callable[[], None] | None) -> None:
        if then is not None:
            self._then[written.id] = then
        self._go_on()

    def _go_on(self) -> None:
        """Write what is to be written, one batch after another, and do what is to be done."""
        self._rows += self._teller.unsaved()
        if self._rows and not self._is_writing and self._now_ms >= self._again_ms:
            self._write(self._rows, self.ledger)
        if not self._is_acting:  # else whoever is at it goes on with what came meanwhile
            self._act()

    def _act(self) -> None:
        self._is_acting = True
        try:
            for action in self._teller.actions():
                self._do(action)
        finally:
            self._is_acting = False

    def _write(self, rows: list[Row], after: Ledger) -> None:
        self._is_writing, self._rows = True, []
        evidence = [block for row in rows for block in row.evidence]
        entries = [row.written for row in rows]

        def recorded(outcome: "Future[None]") -> None:
            self._is_behind = outcome.exception() is not None
            self._wake(partial(self._on_written, rows, outcome))

        enter = partial(self._book.enter, entries, after, evidence=evidence)
        self._recorder.submit(Record((), enter, recorded))
        self._recorder.hurry()

    def _on_written(self, rows: list[Row], outcome: "Future[None]") -> None:
        self._is_writing = False
        if (error := outcome.exception()) is not None:  # a full disk: nothing of it was said
            self._rows = rows + self._rows
            self._again_ms = self._now_ms + AGAIN_MS
            self._log("ledger not written", why=str(error))
            return
        self._teller.saved(len(rows))
        self._go_on()

    # what the teller wants

    def _do(self, action: Action) -> None:
        match action:
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
            case Entered(written):
                self._entered(written)
            case _:
                self._accuse(action)

    def _accuse(self, action: Action) -> None:
        """Do what is to be done about a peer that is wrong."""
        match action:
            case Forked(peer, held, written):
                self._log("fork", peer=peer, held=str(held), entry=str(written.id))
                self._court.forked(held, written)
                self._end(peer, "it signed two entries in one place")
            case Breach(written, evidence):
                self._court.broken(written, evidence)
            case Blame(peer, why):
                self._end(peer, why)
            case Note(peer, what):
                self._log("credit", peer=peer, what=what)

    def _entered(self, written: Written) -> None:
        if (then := self._then.pop(written.id, None)) is not None:
            self._try(written, then)
        self._court.hold(written)
        for heard in self.heard:
            self._try(written, partial(heard, written))

    def _try(self, written: Written, act: Callable[[], None]) -> None:
        """Do what follows from an entry; when it is refused, all else goes on."""
        try:
            act()
        except Refused as refused:
            self._log("not signed", because=str(written.id), why=refused.what)

    def _end(self, peer: PeerId, why: str) -> None:
        self._log("blamed", peer=peer, why=why)
        if (line := self._lines.control(peer)) is not None:
            self._mail.end(line, why, is_fault=True)

    def _ask(
        self, peer: PeerId, kind: int, body: bytes, then: Callable[[PeerId, bytes], None]
    ) -> None:
        """Ask a peer; what it answers that is no answer ends its line."""

        def answered(answer: bytes | None) -> None:
            if answer is not None:
                then(peer, answer)
                self._go_on()

        self._asking(peer).ask(kind, body, answered)

    def _asking(self, peer: PeerId) -> Asking:
        """Return what asks a peer; of one that is gone nothing is kept."""
        asking = self._askings.get(peer) or Asking(peer, self._mail, self._lines)
        if self._lines.control(peer) is not None:
            self._askings[peer] = asking
        return asking

    def _on_sync(self, peer: PeerId, body: bytes) -> None:
        self._teller.heard(peer, read_sync(body))

    def _on_taken(self, peer: PeerId, body: bytes) -> None:
        taken = read_taken(body)
        self._teller.taken(peer, taken.last, taken.why)

    def _on_shown(self, peer: PeerId, body: bytes) -> None:
        self._teller.shown(peer, _rows(read_entries(body)), self._clock.now_ms())


def _rows(entries: Entries) -> list[Row]:
    """Return entries, each with the blocks that it names."""
    blocks = entries.evidence
    return [
        Row(one, tuple(blocks[cid] for cid in one.entry.refs if cid in blocks))
        for one in entries.entries
    ]
