"""Trader: an honest peer: a teller, what lends and what pays, on a disk, a wire and a clock.

It does what treasury.py does: it writes what the teller has taken, and only then says it.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, Protocol

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged
from engine.runner import Signer
from peers import ledger_state
from peers.channel import Channel
from peers.credit_line import CreditLine
from peers.credit_messages import (
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
from peers.entries import Body, Epoch, Fraud, Genesis
from peers.entry import Written
from peers.errors import RemoteFault
from peers.heads import Heads
from peers.identity import PeerId
from peers.indictment import indict
from peers.ledger import Ledger, apply, ledger_of
from peers.limits import Policy
from peers.payments import Payments
from peers.place import Place
from peers.proofs import FRAUD_PROOF, FraudProof, check, find
from peers.settlement import Settlement
from peers.teller import Teller
from peers.teller_events import Action, Answer, Ask, Blame, Breach, Entered, Forked, Note, Say, Show
from peers.write_queue import Known, Row
from tests.peers.ledgers import replay
from tests.simulation.credit.shelf import Book, Shelf
from tests.simulation.credit.wire import Kind, Letter, Wire

POLICY: Final = Policy(newcomer=3_000, growth_percent=50, most=100_000)


class Crashed(Exception):
    """A peer has come to its end; it begins anew from what it wrote."""

    def __init__(self, trader: "Trader") -> None:
        super().__init__(trader.number)
        self.trader = trader


class Doom(NamedTuple):
    """When a peer crashes: at the next write, or soon after."""

    rows: int  # that are written before, of those that were to be
    is_heard: bool  # the teller hears of it
    actions: int  # that are done before, if it does


class Watch(Protocol):
    """Who looks at what peers write, and say."""

    def tick(self) -> int:
        """Return a time that is later than any before."""

    def wrote(self, trader: "Trader", row: Row, before: Ledger, after: Ledger) -> None:
        """See a row that is durable, and how the ledger stood before and after."""

    def acked(self, trader: "Trader", place: Place | None) -> None:
        """See that a peer says that it has something."""

    def heard(self, trader: "Trader", row: Row) -> None:
        """See what well-formed entry came in."""


class Trader:
    """A peer. What is on its shelf survives; all else goes with a crash."""

    def __init__(self, number: int, signer: Signer, wire: Wire, watch: Watch) -> None:
        """Begin a log."""
        self.number = number
        self.signer = signer
        self.peer = PeerId(signer.public_key)
        self.skew_ms = 0  # of its clock
        self.is_stalled = False  # its disk is slow
        self.doom: Doom | None = None
        self.trouble: list[tuple[str, PeerId, str]] = []  # what it holds against others
        self.proofs: list[tuple[FraudProof, int, int]] = []  # and its debt before and after
        self._wire = wire
        self._watch = watch
        self.shelf = Shelf(self.peer)
        self.replayed = ledger_of(self.peer)  # what the shelf gives
        self.begin()
        self.copies = [self.shelf.copy()]

    # as the treasury of what lends and pays

    @property
    def ledger(self) -> Ledger:
        """What counts now."""
        return self.teller.ledger

    @property
    def me(self) -> PeerId:
        """Whose it is."""
        return self.peer

    def account(self, peer: PeerId) -> Channel:
        """Return how it stands with a peer."""
        return self.ledger.channel(peer)

    def may_sign(self, peer: PeerId) -> bool:
        """Return whether anything may be signed in the channel with a peer."""
        return self.teller.may_sign(peer)

    def expect(self, peer: PeerId) -> None:
        """Let a peer open a channel."""
        self.teller.expect(peer)

    def evidence(self, cid: Cid) -> bytes | None:
        """Return what an entry names, if that is durable."""
        return self.shelf.evidence(cid)

    def enter(
        self,
        peer: PeerId,
        body: Body,
        *,
        evidence: Iterable[Block] = (),
        then: Callable[[], None] | None = None,
    ) -> Written:
        """Sign an entry; `then` is called when it is durable."""
        blocks = tuple(evidence)
        refs = tuple(block.cid for block in blocks)
        written = self.teller.enter(peer, body, self.now_ms(), refs=refs, evidence=blocks)
        if then is not None:
            self._then[written.id] = then
        self.go_on()
        return written

    def note(self, body: Body, evidence: Iterable[Block] = ()) -> Written:
        """Sign an entry that is in no channel."""
        written = self.teller.note(body, self.now_ms(), evidence)
        self.go_on()
        return written

    def now_ms(self) -> int:
        """Return the time that its clock shows."""
        return self._watch.tick() + self.skew_ms

    # its life

    def begin(self) -> None:
        """Begin from what is on the shelf."""
        self.doom = None
        self._is_going = False
        self.unwritten: list[Row] = []
        self.heard: list[Callable[[Written], None]] = []
        self._then: dict[Cid, Callable[[], None]] = {}
        shelf, opened = self.shelf, ledger_state.decode(ledger_state.encode(self.replayed))
        known = Known(shelf.id_at, shelf.follower, shelf.evidence)
        self.teller = Teller(opened, self.signer, known, is_restored=shelf.is_restored)
        self.heads = Heads(self.peer)
        for row in shelf.rows:
            self.heads.hold(row.written)
        treasury: Any = self
        self.credit = CreditLine(treasury, POLICY, _say)
        book: Any = Book(shelf, lambda: self.replayed)
        self._book = book
        self.payments = Payments(treasury, book, POLICY, _say)
        self.settlement = Settlement(treasury, _say)
        if opened.last is None:
            self.note(Genesis(self.number.to_bytes(16, "big")))
        if shelf.is_restored:
            self.note(Epoch("it was restored"))
        self.payments.resume(shelf.all(), self.settled)
        self.settlement.resume()

    def restore(self, shelf: Shelf) -> None:
        """Have another disk, on which something of before is."""
        self.shelf = shelf.copy()
        self.replayed = replay(self.peer, [row.written for row in shelf.rows])

    def settled(self, batch: Cid) -> None:
        """Forget what was owed for a batch: receipts are durable."""
        self.shelf.dues.pop(batch, None)

    def go_on(self) -> None:
        """Write what is to be written, and do what is to be done, until there is nothing."""
        if self._is_going:  # it is done when what is being done has been
            return
        self._is_going = True
        try:
            while self._turn():
                pass
        finally:
            self._is_going = False

    def _turn(self) -> bool:
        """Write and do once; crash where that is doomed. Return whether there may be more."""
        self.unwritten += self.teller.unsaved()
        doom = self.doom if self.unwritten else None
        count = len(self.unwritten) if doom is None else min(doom.rows, len(self.unwritten))
        if self.is_stalled and doom is None:
            count = 0
        rows, self.unwritten = self.unwritten[:count], self.unwritten[count:]
        for row in rows:
            self._write(row)
        if doom is not None and not doom.is_heard:
            raise Crashed(self)
        self.teller.saved(count)
        actions = list(self.teller.actions())
        for action in actions if doom is None else actions[: doom.actions]:
            self._do(action)
        if doom is not None:
            raise Crashed(self)
        return bool(rows or actions)

    def _write(self, row: Row) -> None:
        before = self.replayed
        self.replayed = apply(before, row.written)
        self.shelf.add(row)
        self._watch.wrote(self, row, before, self.replayed)

    # what the teller wants

    def _do(self, action: Action) -> None:
        match action:
            case Ask(peer, last):
                self._watch.acked(self, last)
                self._send(peer, Kind.SYNC, write_sync(last))
            case Say(peer, after):
                told = self.shelf.told_after(self._channels(peer), after)
                self._send(peer, Kind.ENTRIES, write_entries(told))
            case Show(peer, ours, theirs):
                self._send(peer, Kind.SHOW, write_lost(Lost(ours, theirs)))
            case Answer(token, last, why):
                assert callable(token)
                self._watch.acked(self, last)
                token(last, why)
            case Entered(written):
                self._entered(written)
            case Forked(peer, held, written):
                self._forked(peer, held, written)
            case Breach(written, evidence):
                self._broken(written, evidence)
            case Blame(peer, why):
                self.trouble.append(("blame", peer, why))
                self._wire.cut(self.peer, peer)
            case Note():
                pass

    def _entered(self, written: Written) -> None:
        if (then := self._then.pop(written.id, None)) is not None:
            then()
        for heard in self.heard:
            heard(written)
        for clash in self.heads.hold(written):
            self.trouble.append(("clash", clash.author, ""))

    def _forked(self, peer: PeerId, held: Cid, written: Written) -> None:
        self.trouble.append(("fork", peer, str(written.id)))
        self.suspect(self._written(held), written)
        self._wire.cut(self.peer, peer)

    def _broken(self, written: Written, evidence: Iterable[Block]) -> None:
        """Convict who entered what breaks its word, if that is certain."""
        book: Any = self._book
        if (proof := indict(book, written, evidence)) is not None:
            self.trouble.append(("breach", written.author, proof.what))
            self.convict(FRAUD_PROOF.encode(proof))

    def _written(self, cid: Cid) -> Written:
        waiting = (row for row in self.unwritten if row.written.id == cid)
        return (self.shelf.ids.get(cid) or next(waiting)).written

    def suspect(self, one: Written, two: Written) -> None:
        """Convict whom two entries convict."""
        proof = find(one, two)
        if proof is not None:
            self.convict(FRAUD_PROOF.encode(proof))

    def convict(self, record: bytes) -> bool:
        """Take a proof, if it is one: nothing more is lent to whom it convicts."""
        try:
            proof = FRAUD_PROOF.decode(record)
            convict = check(proof)
        except Damaged:
            return False
        if convict not in self.ledger.convicts and convict != self.peer:
            before = self.account(convict).mine.debt
            block = FRAUD_PROOF.block(proof)
            self.note(Fraud(convict.key, block.cid), (block,))
            self.proofs.append((proof, before, self.account(convict).mine.debt))
        return True

    # the wire

    def opened(self, peer: PeerId) -> None:
        """Hear that there is a line to a peer."""
        self.teller.opened(peer)
        self.go_on()

    def closed(self, peer: PeerId) -> None:
        """Hear that there is none any more."""
        self.teller.closed(peer)

    def take(self, letter: Letter) -> None:
        """Take what came; who says what is no message is cut off."""
        try:
            self._take(letter)
        except RemoteFault as fault:
            self.trouble.append(("fault", letter.sender, fault.what))
            self._wire.cut(self.peer, letter.sender)
        self.go_on()

    def _take(self, letter: Letter) -> None:
        peer, body = letter.sender, letter.body
        match letter.kind:
            case Kind.SYNC:
                answer = self._answer(peer, Kind.SYNCED, lambda last, _: write_sync(last))
                self.teller.asked(peer, read_sync(body), answer)
            case Kind.SYNCED:
                self.teller.heard(peer, read_sync(body))
            case Kind.ENTRIES:
                answer = self._answer(peer, Kind.TAKEN, lambda *took: write_taken(Taken(*took)))
                self.teller.said(peer, self._rows(read_entries(body)), answer)
            case Kind.TAKEN:
                taken = read_taken(body)
                self.teller.taken(peer, taken.last, taken.why)
            case Kind.SHOW:
                self._show(peer, read_lost(body))
            case Kind.SHOWN:
                self.teller.shown(peer, self._rows(read_entries(body)), self.now_ms())
            case Kind.PROOF:
                self.convict(body)

    def _rows(self, entries: Entries) -> list[Row]:
        blocks = entries.evidence
        rows = [
            Row(one, tuple(blocks[cid] for cid in one.entry.refs if cid in blocks))
            for one in entries.entries
        ]
        for row in rows:
            self._watch.heard(self, row)
        return rows

    def _show(self, peer: PeerId, lost: Lost) -> None:
        told = self.shelf.lost_after(self._channels(peer), lost.other, lost.own)
        self._send(peer, Kind.SHOWN, write_entries(told))

    def _answer(
        self, peer: PeerId, kind: Kind, write: Callable[[Place | None, str], bytes]
    ) -> Callable[[Place | None, str], None]:
        line = self._wire.line(self.peer, peer)

        def answer(last: Place | None, why: str) -> None:
            if self._wire.line(self.peer, peer) is line:  # else who asked is gone
                self._send(peer, kind, write(last, why))

        return answer

    def _send(self, peer: PeerId, kind: Kind, body: bytes) -> None:
        self._wire.send(Letter(self.peer, peer, kind, body))

    def _channels(self, peer: PeerId) -> list[bytes]:
        return [channel.id for channel in self.ledger.with_peer(peer)]


def _say(event: str, *, peer: PeerId | None = None, **facts: object) -> None:
    """Write nothing down."""
