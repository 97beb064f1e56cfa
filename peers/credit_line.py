"""CreditLine: for how much this peer works for others before it is paid, and what it was paid.

What it agrees to is in the ledger before it is said; a limit grows as what is owed is settled. Who
ends an agreement and leaves unpaid what was done under it has so much less room (docs/adr/0134).
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Refused
from peers.agreement import Agreement
from peers.channel import Channel
from peers.clearing import MAX_AGREEMENTS
from peers.credits import NOTHING, Credits, show
from peers.earned import Earned
from peers.entries import Agreed, Close, Dispute, Limit, Open, Receipt, Voucher
from peers.entry import Written
from peers.identity import PeerId
from peers.limits import Policy, granted, grown, is_near, opening
from peers.saying import Say
from peers.treasury import Treasury

MOST_AGREED: Final = MAX_AGREEMENTS // 2  # with one peer: both sides together, whoever is first
CLOSED: Final = "the agreement is closed"
FORGIVEN: Final = 10  # times as much as was not paid is to be paid, until that is forgotten


class CreditLine:
    """What others may owe this peer. For the node's thread."""

    def __init__(self, treasury: Treasury, policy: Policy, log: Say) -> None:
        self._treasury = treasury
        self._policy = policy
        self._log = log
        self._earned: dict[PeerId, dict[Cid, Earned]] = {}  # by agreement that is in force
        self._unpaid: dict[PeerId, int] = {}  # of those that have ended
        self._lent: dict[PeerId, int] = {}  # to strangers
        self._strangers = 0  # all of that
        self._agreeing: dict[Cid, list[Callable[[], None]]] = {}  # until it is durable
        treasury.heard.append(self._heard)
        for peer in treasury.ledger.peers():
            self._weigh(peer)

    @property
    def epoch(self) -> int:
        """In which epoch of its log this peer agrees to anything now."""
        return self._treasury.ledger.epoch

    def objection(self, peer: PeerId, agreement: Cid, price_cap: int, epoch: int = 0) -> str:
        """Return why a peer is not worked for under an agreement; "" when it is.

        `epoch` is that of the offer: what was said under an older one may be lost here.
        """
        if price_cap == 0:
            return ""
        if peer in self._treasury.ledger.convicts:
            return "there is proof that you cheat: 'tally credit log' has it"
        if epoch != self.epoch:
            return "this peer has begun its ledger anew since: its new record says how to ask"
        held = self._treasury.account(peer).agreements.get(agreement)
        if held is not None:
            return CLOSED if held.is_released else ""
        if self._treasury.evidence(agreement) is not None:  # it was agreed before
            return CLOSED
        if not self._treasury.may_sign(peer):
            if self._treasury.account(peer).is_ending(self._treasury.me):
                return "this peer has ended its channel with you, and waits for your answer"
            return "this peer has restored its ledger, and has to hear from you first"
        if self._count(peer) >= MOST_AGREED:
            return f"{MOST_AGREED} agreements with you have not ended"
        room = self.room(peer)
        if price_cap <= room:
            return ""
        limit = show(self._limit(peer))
        left = show(room)
        return f"over your limit: you may owe {limit} here, of which {left} is left"

    def room(self, peer: PeerId) -> int:
        """Return for how much more a peer may have work done."""
        account = self._treasury.account(peer)
        if account.is_frozen or account.is_over:
            return 0
        taken = account.exposure + self._left_unpaid(account)
        left = self._limit(peer) - taken
        if self._policy.is_stranger(account.settled):
            others = self._strangers - self._lent.get(peer, 0)
            left = min(left, self._policy.strangers - others - max(0, taken))
        return max(0, left)

    @property
    def newcomer(self) -> Credits:
        """For how much one may have work done of whom nothing is known."""
        return Credits(max(0, min(self._policy.newcomer, self._policy.strangers - self._strangers)))

    def earned(self, agreement: Agreement) -> Earned:
        """Return the count of what is earned under an agreement, as long as that is in force."""
        cid, offer = agreement.cid, agreement.offer
        if offer.price_cap == 0:
            return Earned(offer.prices, NOTHING)
        held = self._treasury.account(agreement.requester).agreements.get(cid)
        if held is None:  # it has ended: nothing more is earned
            return Earned(offer.prices, offer.price_cap, offer.price_cap)
        fresh = Earned(offer.prices, offer.price_cap, held.applied)
        return self._earned.setdefault(agreement.requester, {}).setdefault(cid, fresh)

    def agree(self, peer: PeerId, offer: Block, price_cap: int, then: Callable[[], None]) -> None:
        """Set aside what an offer may cost; `then` is called when that is durable.

        Raises: Refused when it is more than the peer may owe, or the agreement has ended.
        """
        if offer.cid in self._agreeing:
            self._agreeing[offer.cid].append(then)
        elif offer.cid in self._treasury.account(peer).agreements:  # the answer was lost
            then()
        elif self._treasury.evidence(offer.cid) is not None:
            raise Refused(CLOSED)
        else:
            self._agreeing[offer.cid] = [then]
            try:
                self._enter(peer, offer, price_cap)
            except Refused:
                del self._agreeing[offer.cid]
                raise

    def _enter(self, peer: PeerId, offer: Block, price_cap: int) -> None:
        account = self._treasury.account(peer)
        if not account.mine.is_open:
            self._treasury.enter(peer, self._opening(peer))
        agreed = Agreed(offer.cid, price_cap)
        then = partial(self._agreed, offer.cid)
        self._treasury.enter(peer, agreed, evidence=(offer,), then=then)
        self._weigh(peer)

    def _agreed(self, agreement: Cid) -> None:
        for then in self._agreeing.pop(agreement, ()):
            then()

    def grant(self, peer: PeerId, limit: int, then: Callable[[], None] | None = None) -> None:
        """Lend a peer so much from now on, as its owner says: it does not grow by itself.

        Raises: Refused when the peer must be heard first.
        """
        self._treasury.enter(peer, granted(self._treasury.account(peer), limit), then=then)

    def paid(self, peer: PeerId, agreement: Cid) -> int:
        """Return what receipts say so far under an agreement that has not ended."""
        held = self._treasury.account(peer).agreements.get(agreement)
        return held.applied if held is not None else 0

    def waiting(self) -> list[tuple[PeerId, Cid]]:
        """Return the agreements for which something is set aside here, and with whom."""
        channels = self._treasury.ledger.channels.values()
        return [
            (account.peer, cid)
            for account in channels
            for cid, held in account.agreements.items()
            if held.requester == account.peer and not held.is_released
        ]

    def release(self, peer: PeerId, agreement: Cid) -> None:
        """Wait no more for what may be owed under an agreement: its time is over."""
        held = self._treasury.account(peer).agreements.get(agreement)
        if held is not None and not held.is_released and self._treasury.may_sign(peer):
            self._log("agreement over", peer=peer, agreement=str(agreement))
            self._treasury.enter(peer, Close(agreement))
            self._weigh(peer)

    def _count(self, peer: PeerId) -> int:
        agreements = self._treasury.account(peer).agreements
        return sum(one.requester == peer for one in agreements.values())

    def _limit(self, peer: PeerId) -> int:
        account = self._treasury.account(peer)
        return account.mine.limit if account.mine.is_open else self._opening(peer).limit

    def _opening(self, peer: PeerId) -> Open:
        return opening(self._treasury.ledger, peer, self._policy.newcomer)

    def _weigh(self, peer: PeerId) -> None:
        """Count what is lent to, or lost with, a stranger, who may be none any more."""
        account = self._treasury.account(peer)
        taken = account.exposure + self._left_unpaid(account)
        lent = max(0, taken) if self._policy.is_stranger(account.settled) else 0
        self._strangers += lent - self._lent.pop(peer, 0)
        if lent:
            self._lent[peer] = lent

    def _heard(self, written: Written) -> None:
        """Count what is lent, and lost."""
        if written.entry.channel is None:
            return
        account = self._treasury.ledger.channels[written.entry.channel]
        if written.author == account.peer:
            match written.body:
                case Receipt(agreement=agreement, amount=amount):
                    self._paid(account.peer, agreement, amount)
                case Close(agreement):
                    self._ended(account.peer, agreement)
                case Dispute(step=step, reason=why):
                    self._log("disputed", peer=account.peer, step=str(step), why=why)
        self._weigh(account.peer)
        if isinstance(written.body, Voucher):
            self._settled(account)

    def _paid(self, peer: PeerId, agreement: Cid, amount: int) -> None:
        """Forgive a little of what was not paid, for what is."""
        if (earned := self._earned.get(peer, {}).get(agreement)) is not None:
            earned.paid += amount
        if peer in self._unpaid:
            self._lose(peer, -(amount // FORGIVEN))

    def _ended(self, peer: PeerId, agreement: Cid) -> None:
        """Keep in mind what is not paid when its requester ends an agreement."""
        earned = self._earned.get(peer, {}).pop(agreement, None)
        if earned is not None and earned.unpaid:
            self._log("left unpaid", peer=peer, amount=earned.unpaid)
            self._lose(peer, earned.unpaid)

    def _left_unpaid(self, account: Channel) -> int:
        """Return what a peer left unpaid, also where its word for that is not durable yet.

        What is released is over for this peer, and may still be paid.
        """
        held = account.agreements
        open_ = self._earned.get(account.peer, {}).items()
        over = (one.unpaid for cid, one in open_ if cid not in held or held[cid].is_released)
        return self._unpaid.get(account.peer, 0) + sum(over)

    def _lose(self, peer: PeerId, amount: int) -> None:
        lost = self._unpaid.pop(peer, 0) + amount
        if lost > 0:
            self._unpaid[peer] = lost

    def _settled(self, account: Channel) -> None:
        """Lend more to whom has settled; tell the owner of whom is close to its limit."""
        peer = account.peer
        if not account.mine.is_open or account.is_over or not self._treasury.may_sign(peer):
            return
        limit = account.mine.limit
        if not account.mine.is_fixed:
            limit = grown(self._policy, granted=limit, settled=account.settled)
        if limit > account.mine.limit:
            self._treasury.enter(peer, Limit(limit))
        if is_near(limit, account.exposure):
            self._log("near limit", peer=peer, owes=account.exposure, limit=limit)
