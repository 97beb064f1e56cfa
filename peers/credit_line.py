"""CreditLine: for how much this peer works for others before it is paid, and what it was paid.

What it agrees to is in the ledger before it is said; a limit grows as what is owed is settled.
"""

from collections.abc import Callable
from typing import Final

from engine.content.blocks import Block
from engine.content.cid import Cid
from peers.clearing import MAX_AGREEMENTS
from peers.credits import show
from peers.entries import Agreed, Limit, Open, Voucher
from peers.entry import Written
from peers.identity import PeerId
from peers.limits import Policy, grown, is_near
from peers.saying import Say
from peers.treasury import Treasury

MOST_AGREED: Final = MAX_AGREEMENTS // 2  # with one peer: both sides together, whoever is first


class CreditLine:
    """What others may owe this peer. For the node's thread."""

    def __init__(self, treasury: Treasury, policy: Policy, log: Say) -> None:
        self._treasury = treasury
        self._policy = policy
        self._log = log
        treasury.heard.append(self._heard)

    def objection(self, peer: PeerId, agreement: Cid, price_cap: int) -> str:
        """Return why a peer is not worked for under an agreement; "" when it is."""
        if price_cap == 0:
            return ""
        if peer in self._treasury.ledger.convicts:
            return "there is proof that you cheat: 'tally credit log' has it"
        held = self._treasury.account(peer).agreements.get(agreement)
        if held is not None:
            return "the agreement is closed" if held.is_released else ""
        if not self._treasury.may_sign(peer):
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
        return max(0, self._limit(peer) - account.exposure)

    def agree(self, peer: PeerId, offer: Block, price_cap: int, then: Callable[[], None]) -> None:
        """Set aside what an offer may cost; `then` is called when that is durable.

        Raises: Refused when it is more than the peer may owe.
        """
        account = self._treasury.account(peer)
        if offer.cid in account.agreements:  # it is offered again, and the answer was lost
            then()
            return
        if not account.mine.is_open:
            self._treasury.enter(peer, Open(peer.key, account.generation, self._policy.newcomer))
        self._treasury.enter(peer, Agreed(offer.cid, price_cap), evidence=(offer,), then=then)

    def grant(self, peer: PeerId, limit: int) -> None:
        """Lend a peer so much from now on, as its owner says: it does not grow by itself.

        Raises: Refused when the peer must be heard first.
        """
        account = self._treasury.account(peer)
        if account.mine.is_open:
            self._treasury.enter(peer, Limit(limit, is_fixed=True))
        else:
            self._treasury.enter(peer, Open(peer.key, account.generation, limit, is_fixed=True))

    def paid(self, peer: PeerId, agreement: Cid) -> int:
        """Return what receipts say so far under an agreement that has not ended."""
        held = self._treasury.account(peer).agreements.get(agreement)
        return held.applied if held is not None else 0

    def _count(self, peer: PeerId) -> int:
        agreements = self._treasury.account(peer).agreements
        return sum(one.requester == peer for one in agreements.values())

    def _limit(self, peer: PeerId) -> int:
        account = self._treasury.account(peer)
        return account.mine.limit if account.mine.is_open else self._policy.newcomer

    def _heard(self, written: Written) -> None:
        """Lend more to whom has settled; tell the owner of whom is close to its limit."""
        if not isinstance(written.body, Voucher) or written.entry.channel is None:
            return
        account = self._treasury.ledger.channels[written.entry.channel]
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
