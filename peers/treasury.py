"""Treasury: the part of a node that keeps its ledger with other peers.

It drives a teller (teller.py): has written what that takes (ledger_writer.py), and only then said
(credit_post.py). Who trades asks it to sign, and is told when that is durable.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from engine.clock import Clock
from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged, Refused
from engine.recorder import Recorder
from peers.channel import Channel as Account
from peers.connection import Channel, Connection
from peers.court import Court
from peers.credit_post import TYPES, CreditPost
from peers.entries import Body
from peers.entry import Written
from peers.envelope import Role
from peers.identity import PeerId
from peers.ledger import Ledger
from peers.ledger_book import LedgerBook
from peers.ledger_writer import LedgerWriter
from peers.lines import Lines
from peers.mail import Mail
from peers.proofs import FraudProof
from peers.saying import Say as Log
from peers.teller import Teller
from peers.teller_events import Action, Answer, Ask, Blame, Breach, Entered, Forked, Note, Say, Show
from peers.wake import Wake

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
        self._clock = clock
        self._log = log
        self._post = CreditPost(mail, lines, teller, book, clock)
        self._writer = LedgerWriter(teller, book, recorder, wake, log, self._go_on)
        self._court = Court(
            teller.ledger.me,
            book,
            mail,
            lines,
            self._post.asking,
            lambda: teller.ledger,
            lambda fraud, proof: teller.note(fraud, clock.now_ms(), (proof,)),
            log,
        )
        self._then: dict[Cid, Callable[[], None]] = {}  # by entry
        self._is_acting = False
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

    def expect(self, peer: PeerId) -> None:
        """Let a peer open a channel: something is offered to it."""
        self._teller.expect(peer)

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
        self._writer.close()

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
        self._post.closed(connection, peer)
        self._court.closed(peer)
        if self._lines.control(peer) is None:
            self._teller.closed(peer)
        else:
            self._teller.unanswered(peer)
        self._go_on()

    def came(
        self, connection: Connection, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        """Take what a peer says of credit."""
        if role is Role.ANSWER:
            self._post.answered(peer, key, body)
        else:
            part = self._post if kind in TYPES else self._court
            part.came(peer, kind, body, partial(self._mail.reply, connection, key))
        self._go_on()

    def unanswered(self, connection: Connection, peer: PeerId, key: bytes) -> None:
        """Ask again what was not answered in time."""
        if self._post.answered(peer, key, None):
            self._teller.unanswered(peer)
            self._go_on()

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        self._now_ms = now_ms
        self._court.tick(now_ms)
        self._post.tick(now_ms)
        self._go_on()

    # what is to be done

    def _after(self, written: Written, then: Callable[[], None] | None) -> None:
        if then is not None:
            self._then[written.id] = then
        self._go_on()

    def _go_on(self) -> None:
        """Write what is to be written, and do what is to be done."""
        self._writer.write(self._now_ms)
        if not self._is_acting:  # else whoever is at it goes on with what came meanwhile
            self._act()

    def _act(self) -> None:
        self._is_acting = True
        try:
            for action in self._teller.actions():
                self._do(action)
        finally:
            self._is_acting = False

    def _do(self, action: Action) -> None:
        match action:
            case Ask() | Say() | Show() | Answer():
                self._post.say(action)
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
        except (Damaged, Refused) as error:
            self._log("not signed", because=str(written.id), why=error.what)

    def _end(self, peer: PeerId, why: str) -> None:
        self._log("blamed", peer=peer, why=why)
        if (line := self._lines.control(peer)) is not None:
            self._mail.end(line, why, is_fault=True)
