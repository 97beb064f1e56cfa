"""Court: finds out who forked its log, by what others say, and tells them what proves it.

Peers tell each other which entries of common acquaintances they have (heads.py). Where two cannot
both be of one log, both are fetched; with them there is a proof, which is entered and passed on to
whoever is there. It freezes what is lent to the convict; what is owed to it stays owed.

Anybody can make keys and convict them. So of proofs against strangers few are entered, and small
ones; the others are kept in memory until an entry of the convict comes (rumours.py). A stranger is
who has no channel that was opened here.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged
from peers.asking import Asking
from peers.entries import Fraud
from peers.entry import Written, read
from peers.errors import RemoteFault
from peers.heads import Clash, Half, Heads
from peers.identity import PeerId
from peers.indictment import indict
from peers.ledger import Ledger
from peers.ledger_file import LedgerFile
from peers.lines import Lines
from peers.looks import Looks
from peers.mail import Mail
from peers.proofs import FRAUD_PROOF, FraudProof, check, find
from peers.rumours import Rumours
from peers.saying import Say
from peers.witness_messages import (
    EVIDENCE_TYPE,
    HEADS_TYPE,
    PROOF_TYPE,
    read_found,
    read_heads,
    read_proof,
    read_want,
    write_found,
    write_heads,
    write_proof,
    write_want,
)

TELL_MS: Final = 1_000  # between two tellings of what is new
KNOWN: Final = 1_024  # entries of others that are looked at when it begins: the last
PROOFS: Final = 16  # that a peer is shown when it is met: the last
LOOKS: Final = 256  # records of one peer's proofs looked at in a TELL_MS: 40 ms of signatures
BREACHES: Final = 2  # of its entries that are not taken: an honest peer has one, until it is taken
STRANGERS: Final = 1_024  # convicts there may be for one more to be entered that is a stranger
SMALL: Final = 8 * 1024  # bytes of a proof against one: a fork has about one thousand

Note = Callable[[Fraud, Block], object]
Found = Callable[[Written | None], None]


class Court:
    """What one peer knows of the logs of others. For the node's thread."""

    def __init__(
        self,
        me: PeerId,
        book: LedgerFile,
        mail: Mail,
        lines: Lines,
        asking: Callable[[PeerId], Asking],
        ledger: Callable[[], Ledger],
        convict: Note,
        log: Say,
    ) -> None:
        """Take what enters a conviction, and what is known already."""
        self._book = book
        self._mail = mail
        self._lines = lines
        self._asking = asking
        self._ledger = ledger
        self._convict = convict
        self._log = log
        self._heads = Heads(me)
        self._rumours = Rumours()
        self._looks = Looks()
        self._broken: dict[PeerId, set[Cid]] = {}  # what was looked at of each in this TELL_MS
        self._told_ms = 0
        query = (
            "SELECT signed FROM entries WHERE NOT is_own AND signed != x''"
            " ORDER BY pos DESC LIMIT ?"
        )
        for signed in reversed([*book.column(query, (KNOWN,))]):
            self._heads.hold(read(signed))

    def opened(self, peer: PeerId) -> None:
        """Show a peer that is met who is convicted."""
        for convict, proof in list(self._ledger().convicts.items())[-PROOFS:]:
            if convict != peer and (data := self._book.evidence(proof)) is not None:
                self._asking(peer).ask(PROOF_TYPE, write_proof(FRAUD_PROOF.decode(data)), _nothing)

    def closed(self, peer: PeerId) -> None:
        """Forget what a peer was told that is gone."""
        if self._lines.control(peer) is None:
            self._heads.gone(peer)

    def knows(self, peer: PeerId) -> bool:
        """Return whether there is a proof against a peer that is not in the ledger."""
        return peer in self._rumours

    def hold(self, written: Written) -> None:
        """Take an entry that is in the book."""
        if written.author in self._ledger().convicts:
            return
        self._look(self._heads.hold(written))
        if (proof := self._rumours.pop(written.author)) is not None:
            self._enter(proof)

    def tick(self, now_ms: int) -> None:
        """Tell everybody what is new of others."""
        if now_ms - self._told_ms < TELL_MS:
            return
        self._told_ms = now_ms
        self._looks.renew()
        self._broken.clear()
        for peer in self._lines.peers():
            line = self._lines.control(peer)
            if line is not None and (heads := self._heads.tell(peer)):
                self._mail.tell(line, HEADS_TYPE, write_heads(heads))

    def came(self, peer: PeerId, kind: int, body: bytes, reply: Callable[[bytes], None]) -> None:
        """Take what a peer says of others.

        Raises: RemoteFault.
        """
        if kind == HEADS_TYPE:
            self._look(self._heads.hear(peer, read_heads(body)))
        elif kind == EVIDENCE_TYPE:
            reply(write_found(self._book.entry(self._heads.source(read_want(body)))))
        elif kind == PROOF_TYPE:
            self._judge(peer, read_proof(body))
            reply(b"")  # though there was no time to look at it
        else:
            raise RemoteFault(f"there is no type {kind}")

    def forked(self, held: Cid, written: Written) -> None:
        """Take an entry that has the place of another that is in the book."""
        signed = self._book.entry(held)
        self._compare(None if signed is None else read(signed), written)

    def broken(self, written: Written, evidence: Sequence[Block]) -> None:
        """Take an entry that was not taken, because it is not what it should be.

        To see what it proves takes long: whose entries prove nothing, time after time, is cut off.
        """
        author = written.author
        broken = self._broken.setdefault(author, set())
        if author in self._ledger().convicts or written.id in broken:
            return
        broken.add(written.id)
        proof = indict(self._book, written, evidence) if len(broken) <= BREACHES else None
        if proof is not None:
            self._enter(proof)
        elif len(broken) >= BREACHES and (line := self._lines.control(author)) is not None:
            self._mail.end(line, "its entries follow from nothing", is_fault=True)

    def accuse(self, proof: FraudProof) -> None:
        """Take a proof that was found here, and that holds."""
        self._enter(proof)

    def _look(self, clashes: tuple[Clash, ...]) -> None:
        for clash in clashes:
            self._have(clash.one, partial(self._have_other, clash.two))

    def _have_other(self, half: Half, one: Written | None) -> None:
        if one is not None:
            self._have(half, partial(self._compare, one))

    def _have(self, half: Half, found: Found) -> None:
        """Have an entry: from the book, or from who spoke of it."""
        if half.teller is None:
            signed = self._book.entry(half.entry)
            found(None if signed is None else read(signed))
            return
        teller = half.teller

        def answered(body: bytes | None) -> None:
            written = None if body is None else read_found(body, half.entry)
            is_backed = body is None or written is not None  # who is slow has not lied
            self._heads.answered(teller, half.entry, is_backed=is_backed)
            found(written)

        self._asking(teller).ask(EVIDENCE_TYPE, write_want(half.entry), answered)

    def _compare(self, one: Written | None, two: Written | None) -> None:
        if one is not None and two is not None and (proof := find(one, two)) is not None:
            self._enter(proof)

    def _judge(self, peer: PeerId, proof: FraudProof) -> None:
        """Look at a proof that a peer shows, if it is news and there is time for that peer.

        Raises: RemoteFault when it is none.
        """
        convict = PeerId(proof.convict)
        if convict in self._ledger().convicts or convict in self._rumours:
            return
        if not self._looks.take(peer, len(proof.evidence), most=LOOKS):
            return
        try:
            check(proof)
        except Damaged as damaged:
            raise RemoteFault(f"a proof that is none: {damaged.what}") from None
        self._enter(proof)

    def _enter(self, proof: FraudProof) -> None:
        """Convict, unless that was done, or it is a stranger and too much for one."""
        convict, ledger = PeerId(proof.convict), self._ledger()
        if convict == ledger.me:
            self._log("accused", what=proof.what)
        elif convict not in ledger.convicts and self._is_entered(proof):
            self._log("convicted", peer=convict, what=proof.what)
            self._convict(Fraud(convict.key, FRAUD_PROOF.cid(proof)), FRAUD_PROOF.block(proof))
            self._heads.drop(convict)
            for peer in self._lines.peers():
                if peer != convict:
                    self._asking(peer).ask(PROOF_TYPE, write_proof(proof), _nothing)
        elif convict not in ledger.convicts:
            self._rumours.add(convict, proof)

    def _is_entered(self, proof: FraudProof) -> bool:
        ledger = self._ledger()
        with_it = ledger.with_peer(PeerId(proof.convict))
        is_met = any(channel.mine.is_open for channel in with_it)  # anybody may open theirs
        return is_met or (proof.size <= SMALL and len(ledger.convicts) < STRANGERS)


def _nothing(_: bytes | None) -> None:
    """Do nothing more."""
