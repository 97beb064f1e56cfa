"""Till: the ledger of a member, in place of a Treasury: in memory, and words take no time.

A teller (peers/teller.py) drives it, as it does a node's. Whom an entry convicts is told to all.
"""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.runner import Signer
from peers.channel import Channel
from peers.entries import Body, Fraud, Genesis
from peers.entry import Written, read
from peers.heads import Clash, Heads
from peers.identity import PeerId
from peers.ledger import Ledger, ledger_of
from peers.place import Place, place_of
from peers.proofs import FRAUD_PROOF, FraudProof, check, find
from peers.teller import Teller
from peers.teller_events import Action, Answer, Ask, Blame, Entered, Forked, Say, Show
from peers.write_queue import Known, Row
from tests.simulation.consortium.evidence import Evidence

MAX_SAID = 64  # entries at a time


class Wires:
    """What carries words between tills: in order, and at once."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.tills: dict[PeerId, Till] = {}
        self.now_ms = now_ms
        self._words: deque[Callable[[], None]] = deque()
        self._is_busy = False

    def put(self, word: Callable[[], None]) -> None:
        """Let something be heard after all that was said before."""
        self._words.append(word)

    def run(self) -> None:
        """Let all be heard."""
        if self._is_busy:
            return
        self._is_busy = True
        while self._words:
            self._words.popleft()()
        self._is_busy = False


class Till:
    """One ledger; to who trades it is a Treasury."""

    def __init__(self, signer: Signer, number: int, wires: Wires) -> None:
        self.me = PeerId(signer.public_key)
        self.heard: list[Callable[[Written], None]] = []
        self.convicted_ms: dict[PeerId, int] = {}
        self.entries = 0
        self.heads = Heads(self.me)
        self._signer = signer
        self._wires = wires
        self._evidence = Evidence()
        self._told: defaultdict[PeerId, list[Row]] = defaultdict(list)  # ours, by whom it is for
        self._said: dict[PeerId, Sequence[Row]] = {}  # the last that each said
        self._then: dict[Cid, Callable[[], None]] = {}
        self._up: set[PeerId] = set()
        wires.tills[self.me] = self
        self._begin(ledger_of(self.me))
        self.note(Genesis(number.to_bytes(16, "big")))

    def _begin(self, ledger: Ledger) -> None:
        book = self._evidence
        known = Known(book.id_at, book.follower, book.offer)
        self.teller = Teller(ledger, self._signer, known)

    # to who trades, a Treasury

    @property
    def ledger(self) -> Ledger:
        """What counts now."""
        return self.teller.ledger

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
        """Return what an entry names, if it is an offer."""
        return self._evidence.offer(cid)

    def enter(
        self,
        peer: PeerId,
        body: Body,
        *,
        evidence: Iterable[Block] = (),
        then: Callable[[], None] | None = None,
    ) -> Written:
        """Sign an entry.

        Raises: Refused when it may not be said.
        """
        self._meet(peer)
        blocks = tuple(evidence)
        refs = tuple(block.cid for block in blocks)
        now_ms = self._wires.now_ms()
        written = self.teller.enter(peer, body, now_ms, refs=refs, evidence=blocks)
        if then is not None:
            self._then[written.id] = then
        self._go_on()
        return written

    def note(self, body: Body, evidence: Iterable[Block] = ()) -> None:
        """Sign an entry that is in no channel."""
        self.teller.note(body, self._wires.now_ms(), evidence)
        self._go_on()

    # what others say

    def tell(self, peer: PeerId) -> None:
        """Tell a peer of the logs that are known here."""
        heads = self.heads.tell(peer)
        other = self._wires.tills[peer]
        for clash in other.heads.hear(self.me, heads):
            other.clashes(clash)

    def clashes(self, clash: Clash) -> None:
        """Have the two entries that cannot both be, and see what they prove."""
        halves = []
        for half in (clash.one, clash.two):
            till = self if half.teller is None else self._wires.tills[half.teller]
            halves.append(till.entry(half.entry))
            if half.teller is not None:
                self.heads.answered(half.teller, half.entry, is_backed=halves[-1] is not None)
        one, two = halves
        if one is not None and two is not None:
            self.convict(find(one, two))

    def entry(self, wanted: Cid) -> Written | None:
        """Return an entry that is here, or the one that tells of it."""
        return self._evidence.get(wanted) or self._evidence.get(self.heads.source(wanted))

    def convict(self, proof: FraudProof | None) -> None:
        """Lend nothing more to whom a proof convicts, and tell all others."""
        if proof is None or self.ledger.convicts.get(PeerId(proof.convict)) is not None:
            return
        peer, block = check(proof), FRAUD_PROOF.block(proof)
        if peer == self.me:  # it lends itself nothing anyway
            return
        self.convicted_ms[peer] = self._wires.now_ms()
        self.heads.drop(peer)
        self.note(Fraud(peer.key, block.cid), (block,))
        for other in self._wires.tills.values():
            self._wires.put(partial(other.convict, proof))
        self._wires.run()

    # between tills

    def _meet(self, peer: PeerId) -> None:
        if peer not in self._up:
            other = self._wires.tills[peer]
            for one, two in ((self, other), (other, self)):
                one._up.add(two.me)
                one.teller.opened(two.me)
            other._go_on()

    def _go_on(self) -> None:
        rows = self.teller.unsaved()
        for row in rows:
            self.entries += 1
            self._evidence.add(row)
            if row.written.author == self.me and (name := row.written.entry.channel) is not None:
                self._told[self.ledger.channels[name].peer].append(row)
        self.teller.saved(len(rows))
        for action in self.teller.actions():
            self._wires.put(partial(self._do, action))
        self._wires.run()

    def _do(self, action: Action) -> None:
        match action:
            case Ask(peer, last):
                self._wires.tills[peer].asked(self.me, last)
            case Say(peer, after):
                if rows := self._after(peer, after):  # else it was a fork, and nothing follows
                    self._wires.tills[peer].said(self.me, rows)
            case Answer(token, last, why):
                token(last, why)  # type: ignore[operator]
            case Show(peer):  # nobody here loses a file: who says so has nothing to show
                self.teller.shown(peer, (), self._wires.now_ms())
                self._go_on()
            case Entered(written):
                self._entered(written)
            case Forked(peer, _, _) | Blame(peer, _):
                self._accuse(peer)

    def asked(self, peer: PeerId, last: Place | None) -> None:
        """Be asked what is here of another."""

        def answer(last: Place | None, _: str) -> None:
            self._wires.tills[peer].answered(self.me, last, None)

        self.teller.asked(peer, last, answer)
        self._go_on()

    def said(self, peer: PeerId, rows: Sequence[Row]) -> None:
        """Be told entries."""

        def answer(last: Place | None, why: str) -> None:
            self._wires.tills[peer].answered(self.me, last, why)

        came = [Row(read(row.written.signed), row.evidence) for row in rows]
        self._said[peer] = came
        self.teller.said(peer, came, answer)
        self._go_on()

    def answered(self, peer: PeerId, last: Place | None, why: str | None) -> None:
        """Hear what a peer has of ours."""
        if why is None:
            self.teller.heard(peer, last)
        else:
            self.teller.taken(peer, last, why)
        self._go_on()

    def _entered(self, written: Written) -> None:
        if written.author != self.me:
            for clash in self.heads.hold(written):
                self.clashes(clash)
        if (then := self._then.pop(written.id, None)) is not None:
            then()
        for heard in self.heard:
            heard(written)

    def _accuse(self, peer: PeerId) -> None:
        """See what it proves that a peer said what no honest one says."""
        for row in self._said.get(peer, ()):
            self.convict(self._evidence.against(row.written))

    def _after(self, peer: PeerId, after: Place | None) -> list[Row]:
        rows = self._told[peer]
        if after is not None:
            del rows[: bisect_right(rows, after, key=_place)]  # nobody asks for these again
        return rows[:MAX_SAID]


def _place(row: Row) -> Place:
    return place_of(row.written)
