"""Payments: what this peer pays to those who run its steps: receipts, vouchers, and their end.

A receipt is entered when the provider's word for the agreement is in the ledger; what comes before
that waits. What is owed gets a voucher soon after.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from engine.content.cid import Cid
from engine.errors import Refused
from peers.channel import Held
from peers.clearing import next_voucher
from peers.credits import NOTHING, Credits
from peers.dues import Batch
from peers.entries import MAX_PENDING, Agreed, Close, Open, Receipt
from peers.entry import Written, read
from peers.identity import PeerId
from peers.ledger_file import LedgerFile
from peers.limits import Policy
from peers.receipts import LINES, MAX_LINES, Line, Lines, receipt_of, within
from peers.saying import Say
from peers.treasury import Treasury

VOUCH_MS: Final = 250  # for which receipts wait for others that the same voucher covers
MANY: Final = MAX_PENDING // 4  # receipts, which do not wait

Then = Callable[[], None]


def _nothing() -> None:
    """Do nothing more."""


class Payments:
    """What is paid from one ledger. For the node's thread."""

    def __init__(self, treasury: Treasury, policy: Policy, log: Say) -> None:
        self._treasury = treasury
        self._policy = policy
        self._log = log
        self._waiting: dict[tuple[PeerId, Cid], list[Then]] = {}  # until it may be paid
        self._since_ms: dict[PeerId, int] = {}  # whom receipts were given, and no voucher
        self._now_ms = 0
        treasury.heard.append(self._heard)

    def room(self, provider: PeerId, newcomer: int) -> Credits:
        """Return for how much an agreement may be; `newcomer` is what it lends to strangers."""
        account = self._treasury.account(provider)
        if account.is_over or not self._treasury.may_sign(provider):
            return NOTHING
        limit = account.theirs.limit if account.theirs.is_open else newcomer
        owed = account.mine.debt - account.theirs.debt + account.reserved(account.me)
        return Credits(max(0, limit - owed))

    def bill(
        self,
        provider: PeerId,
        agreement: Cid,
        batch: Cid | None,
        lines: Sequence[Line],
        then: Then = _nothing,
    ) -> None:
        """Give receipts for some lines; `then` is called when they are durable."""

        def give() -> None:
            *first, last = [lines[at : at + MAX_LINES] for at in range(0, len(lines), MAX_LINES)]
            for part in first:
                self._receipt(provider, Lines(agreement, batch, tuple(part)), None)
            self._receipt(provider, Lines(agreement, batch, tuple(last)), then)

        if lines:
            self._in_turn(provider, agreement, give)
        else:
            then()

    def resume(
        self, dues: Iterable[Batch], book: LedgerFile, settled: Callable[[Cid], None]
    ) -> None:
        """Pay what was owed when the program ended, and end what was agreed then."""
        for due in dues:
            paid = set(_paid(book, due.agreement))
            left = self._held(due.provider, due.agreement)
            lines = [line for line in due.lines if (line.step, line.attestation) not in paid]
            room = left.price_cap - left.applied if left else 0
            then = partial(settled, due.batch)
            self.bill(due.provider, due.agreement, due.batch, list(within(lines, room)), then)
        for peer in self._treasury.ledger.peers():
            account = self._treasury.account(peer)
            for agreement, held in account.agreements.items():
                if held.requester == account.me:
                    self.end(peer, agreement)

    def end(self, provider: PeerId, agreement: Cid) -> None:
        """Give no more receipts under an agreement."""

        def close() -> None:
            self._open(provider)
            self._vouch(provider)
            self._treasury.enter(provider, Close(agreement))

        self._in_turn(provider, agreement, close)

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        self._now_ms = now_ms
        self._go_on()
        for peer, since_ms in tuple(self._since_ms.items()):
            pending = len(self._treasury.account(peer).mine.pending)
            if now_ms - since_ms >= VOUCH_MS or pending >= MANY:
                self._vouch(peer)

    def _in_turn(self, provider: PeerId, agreement: Cid, act: Then) -> None:
        if (provider, agreement) not in self._waiting and self._may_pay(provider, agreement):
            act()
        else:
            self._waiting.setdefault((provider, agreement), []).append(act)

    def _go_on(self) -> None:
        """Do what waited for a provider's word, or for a provider that has to be heard first."""
        for of in [of for of in self._waiting if self._may_pay(*of)]:
            for act in self._waiting.pop(of):
                act()

    def _heard(self, written: Written) -> None:
        if isinstance(written.body, Agreed):
            self._go_on()

    def _may_pay(self, provider: PeerId, agreement: Cid) -> bool:
        is_agreed = self._held(provider, agreement) is not None
        return is_agreed and self._treasury.may_sign(provider)

    def _held(self, provider: PeerId, agreement: Cid) -> Held | None:
        held = self._treasury.account(provider).agreements.get(agreement)
        return held if held is not None and held.requester != provider else None

    def _receipt(self, provider: PeerId, lines: Lines, then: Then | None) -> None:
        self._open(provider)
        receipt: Receipt = receipt_of(lines)
        self._treasury.enter(provider, receipt, evidence=(LINES.block(lines),), then=then)
        self._since_ms.setdefault(provider, self._now_ms)

    def _open(self, peer: PeerId) -> None:
        account = self._treasury.account(peer)
        if not account.mine.is_open:
            body = Open(peer.key, account.generation, self._policy.newcomer)
            self._treasury.enter(peer, body)

    def _vouch(self, peer: PeerId) -> None:
        self._since_ms.pop(peer, None)
        voucher = next_voucher(self._treasury.account(peer).mine)
        try:
            if voucher is not None:
                self._treasury.enter(peer, voucher)
        except Refused as refused:  # it has to be heard first
            self._log("no voucher", peer=peer, why=refused.what)


def _paid(book: LedgerFile, agreement: Cid) -> Iterator[tuple[Cid, Cid | None]]:
    """Yield the steps that have receipts under an agreement, with what was said of each."""
    for taken in book.taken():
        written = read(taken.signed)
        body = written.body
        if isinstance(body, Receipt) and body.agreement == agreement:
            for cid in written.entry.refs:
                for line in LINES.decode(book.evidence(cid) or b"").lines:
                    yield line.step, line.attestation
