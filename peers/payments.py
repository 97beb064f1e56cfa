"""Payments: what this peer pays to those who run its steps.

A receipt is entered when the provider's word for the agreement is in the ledger, and there is room
for it in the next voucher; until then it waits (backlog.py). What is owed gets a voucher soon
after. When an agreement ends, the authors of what was run get theirs (author_payments.py).
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Final, NamedTuple

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged, Refused
from peers import payment_history
from peers.agreement import Agreement
from peers.author_payments import AuthorPayments
from peers.backlog import Act, Backlog
from peers.channel import Held
from peers.clearing import next_voucher
from peers.credits import NOTHING, Credits
from peers.dues import Batch
from peers.entries import MAX_PENDING, MAX_WHY, Agreed, Close, Dispute, Royalty
from peers.entry import Written
from peers.identity import PeerId
from peers.ledger_file import LedgerFile
from peers.limits import Policy, left, opening
from peers.receipts import LINES, MAX_LINES, Line, Lines, receipt_of, within
from peers.royalties import NOBODY, Royalties
from peers.saying import Say
from peers.step_messages import Claim
from peers.stopped import Out, Stopped
from peers.treasury import Treasury

VOUCH_MS: Final = 250  # for which receipts wait for others that the same voucher covers
MAX_DISPUTES: Final = 16  # of one agreement that are said
MANY: Final = MAX_PENDING // 4  # receipts, which do not wait

Then = Callable[[], None]
Claimed = Callable[[Sequence[Line]], None]


class Bill(NamedTuple):
    """What is paid for steps of one batch."""

    agreement: Cid
    batch: Cid | None
    lines: tuple[Line, ...]
    royalties: Royalties = NOBODY  # which the agreement names


class Ending(NamedTuple):
    """An agreement that ends when its provider has said what was stopped."""

    agreement: Agreement
    royalties: Royalties
    then: Then


class Payments:
    """What is paid from one ledger. For the node's thread."""

    def __init__(
        self,
        treasury: Treasury,
        book: LedgerFile,
        policy: Policy,
        log: Say,
        elsewhere: Callable[[Cid], bytes] | None = None,
    ) -> None:
        """`elsewhere` returns a manifest that is not in the book yet."""
        self._treasury = treasury
        self._book = book
        self._policy = policy
        self._log = log
        give, may = self._royalty, self._has_room
        self._authors = AuthorPayments(treasury, book, log, give, may, elsewhere)
        self._backlog = Backlog(self._may_pay, log)
        self._stopped = Stopped()
        self._since_ms: dict[PeerId, int] = {}  # whom receipts were given, and no voucher
        self._ending: deque[Ending] = deque()
        self._disputed: dict[Cid, int] = {}  # steps, by agreement
        self._live: dict[tuple[PeerId, Cid], Claimed] = {}  # that are not ended, or only offered
        self._now_ms = 0
        treasury.heard.append(self._heard)

    def room(self, provider: PeerId, newcomer: int) -> Credits:
        """Return for how much an agreement may be; `newcomer` is what it lends to strangers."""
        account = self._treasury.account(provider)
        is_convict = provider in self._treasury.ledger.convicts
        if is_convict or account.is_over or not self._treasury.may_sign(provider):
            return NOTHING
        return Credits(left(self._treasury.ledger, provider, newcomer))

    def begin(self, provider: PeerId, agreement: Cid, claimed: Claimed) -> None:
        """Hear that something is offered, and may be paid until `end`; `claimed` bills claims."""
        self._live[provider, agreement] = claimed
        self._treasury.expect(provider)

    def bill(self, provider: PeerId, bill: Bill, then: Then) -> None:
        """Give receipts; `then` is called when they are durable."""
        if bill.lines:
            self._backlog.add(provider, bill.agreement, partial(self._give, provider, bill, then))
        else:
            then()

    def dispute(self, agreement: Agreement, steps: Mapping[Cid, str]) -> None:
        """Say of which steps a result is not paid, and why: who ran them is owed that word.

        Of one agreement a few are said: who is wrong that often knows why.
        """
        provider, cid = agreement.provider, agreement.cid
        said = self._disputed.get(cid, 0)
        self._disputed[cid] = said + len(steps)
        for step, why in islice(steps.items(), max(0, MAX_DISPUTES - said)):
            body = Dispute(cid, step, why[:MAX_WHY])
            self._backlog.add(provider, cid, partial(self._dispute, provider, body))

    def stopped(self, agreement: Cid, steps: Mapping[Cid, Out]) -> None:
        """Hear of steps that are stopped: what they had run is paid when the provider says it."""
        self._stopped.add(agreement, steps, self._now_ms)

    def claim(self, provider: PeerId, claim: Claim) -> None:
        """Have billed what steps had run that were stopped; what comes too late is not paid."""
        claimed = self._live.get((provider, claim.agreement))
        if claimed and (lines := self._stopped.claim(claim.agreement, claim.ran)):
            claimed(lines)

    def end(self, agreement: Agreement, royalties: Royalties, then: Then) -> None:
        """Give no more receipts under an agreement, but for claims; its authors get theirs.

        `then` is called when no claim is waited for. What its provider was not heard to accept is
        ended when it is.
        """
        self._ending.append(Ending(agreement, royalties, then))
        self._end_all()

    def _end_all(self) -> None:
        """End agreements of which no more is to be heard."""
        for _ in range(len(self._ending)):
            ending = self._ending.popleft()
            if self._stopped.waits(ending.agreement.cid, self._now_ms):
                self._ending.append(ending)
            else:
                self._end(*ending)

    def _end(self, agreement: Agreement, royalties: Royalties, then: Then) -> None:
        provider, cid = agreement.provider, agreement.cid
        self._live.pop((provider, cid), None)
        self._disputed.pop(cid, None)
        then()
        if self._backlog.has(provider, cid) or self._held(provider, cid) is not None:
            self._backlog.add(provider, cid, partial(self._close, agreement, royalties))

    def resume(self, dues: Iterable[Batch], settled: Callable[[Cid], None]) -> None:
        """Pay what was owed when the program ended, and end what was agreed then.

        Of that comes first what was being ended: its authors may have the fixed part of their run.
        """
        self._authors.resume()
        for due in dues:
            if payment_history.is_closed(self._book, due.agreement):
                settled(due.batch)  # all of it was paid before
            else:
                self._backlog.add(due.provider, due.agreement, partial(self._pay, due, settled))
        accounts = [self._treasury.account(peer) for peer in self._treasury.ledger.peers()]
        for account in accounts:
            if account.mine.pending:
                self._since_ms[account.peer] = self._now_ms
        open_ = [(account.peer, one) for account in accounts for one in account.agreements]
        for peer, agreement in sorted(open_, key=lambda of: not self._authors.has_begun(of[1])):
            self._end_left(peer, agreement)

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        self._now_ms = now_ms
        self._backlog.go_on()
        self._authors.go_on()
        self._end_all()
        for peer, since_ms in tuple(self._since_ms.items()):
            pending = len(self._treasury.account(peer).mine.pending)
            if now_ms - since_ms >= VOUCH_MS or pending >= MANY:
                self._vouch(peer)

    def close(self) -> None:
        """Give vouchers for all that is owed."""
        for peer in tuple(self._since_ms):
            self._vouch(peer)

    # when it may be done

    def _heard(self, written: Written) -> None:
        """Pay what waited for a provider's word; end what it accepts when nobody wants it."""
        if isinstance(written.body, Agreed) and written.author != self._treasury.me:
            self._backlog.go_on()
            if (written.author, written.body.agreement) not in self._live:
                self._end_left(written.author, written.body.agreement)

    def _end_left(self, provider: PeerId, agreement: Cid) -> None:
        """End an agreement of a run that is over, or is not known any more."""
        if self._held(provider, agreement) is not None:
            try:
                offer = payment_history.offer_of(self._book, agreement)
            except Damaged as damaged:  # it stays open, as nobody knows what it was for
                self._log("not ended", peer=provider, agreement=str(agreement), why=damaged.what)
                return
            royalties = self._authors.of(offer) if offer.royalties else NOBODY
            self.end(Agreement(agreement, offer), royalties, lambda: None)

    def _may_pay(self, provider: PeerId, agreement: Cid) -> bool:
        return self._held(provider, agreement) is not None and self._has_room(provider)

    def _has_room(self, peer: PeerId, count: int = 1) -> bool:
        """Return whether so much more may be owed to a peer before the next voucher."""
        pending = len(self._treasury.account(peer).mine.pending)
        return self._treasury.may_sign(peer) and pending + count <= MAX_PENDING

    def _held(self, provider: PeerId, agreement: Cid) -> Held | None:
        held = self._treasury.account(provider).agreements.get(agreement)
        return held if held is not None and held.requester != provider else None

    # what is entered

    def _pay(self, due: Batch, settled: Callable[[Cid], None]) -> Act | None:
        """Give receipts for what of a batch has none."""
        paid = set(payment_history.paid(self._book, due.agreement))
        unpaid = tuple(one for one in due.lines if (one.step, one.attestation) not in paid)
        bill = Bill(due.agreement, due.batch, unpaid)
        return self._give(due.provider, bill, partial(settled, due.batch))

    def _give(self, provider: PeerId, bill: Bill, then: Then) -> Act | None:
        """Give receipts until there is no room for one; return what gives the rest."""
        held = self._held(provider, bill.agreement)
        rest = held.price_cap - held.applied if held else 0  # others may have had some of it
        lines = tuple(within(bill.lines, rest))
        if not lines:
            then()
        while lines:
            if not self._may_pay(provider, bill.agreement):
                return partial(self._give, provider, bill._replace(lines=lines), then)
            part, lines = lines[:MAX_LINES], lines[MAX_LINES:]
            of = Lines(bill.agreement, bill.batch, part)
            self._receipt(provider, of, bill.royalties, None if lines else then)
        return None

    def _receipt(
        self, provider: PeerId, lines: Lines, royalties: Royalties, then: Then | None
    ) -> None:
        """Enter a receipt; with the first of an agreement go the manifests that it names."""
        self._open(provider)
        held = self._held(provider, lines.agreement)
        is_first = held is not None and held.applied == 0
        evidence = (LINES.block(lines), *(royalties.blocks if is_first else ()))
        self._treasury.enter(provider, receipt_of(lines), evidence=evidence, then=then)
        self._owes(provider)

    def _dispute(self, provider: PeerId, body: Dispute) -> None:
        if self._held(provider, body.agreement) is not None:
            self._open(provider)
            self._treasury.enter(provider, body)

    def _close(self, agreement: Agreement, royalties: Royalties) -> Act | None:
        provider = agreement.provider
        if self._authors.must_wait(royalties):
            return partial(self._close, agreement, royalties)
        if (held := self._held(provider, agreement.cid)) is None:  # it was ended meanwhile
            return None
        self._open(provider)
        if held.applied and royalties.cids:
            self._authors.pay(agreement, royalties, Credits(held.applied))
        self._vouch(provider)
        self._treasury.enter(provider, Close(agreement.cid))
        return None

    def _royalty(self, author: PeerId, body: Royalty, papers: tuple[Block, ...]) -> None:
        self._open(author)
        self._treasury.enter(author, body, evidence=papers)
        self._owes(author)

    def _open(self, peer: PeerId) -> None:
        if not self._treasury.account(peer).mine.is_open:
            body = opening(self._treasury.ledger, peer, self._policy.newcomer)
            self._treasury.enter(peer, body)

    def _owes(self, peer: PeerId) -> None:
        self._since_ms.setdefault(peer, self._now_ms)

    def _vouch(self, peer: PeerId) -> None:
        account = self._treasury.account(peer)
        if account.is_resetting(account.me):  # until it is answered
            return
        self._since_ms.pop(peer, None)
        voucher = next_voucher(account.mine)
        try:
            if voucher is not None:
                self._treasury.enter(peer, voucher)
        except Refused as refused:  # it has to be heard first
            self._log("no voucher", peer=peer, why=refused.what)
