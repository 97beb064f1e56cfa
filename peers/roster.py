"""Roster: which providers a run works with, and the deal that it has with each.

A provider has one deal under which it is given steps. Of those before it, some may still be at
work; they are ended when they have nothing left to do.

>>> roster.recruit(shape, waiting, now_ms)                               # doctest: +SKIP
>>> roster.current(provider)                                             # doctest: +SKIP
<peers.deal.Deal ...>
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from engine.content.cid import Cid
from peers.agreement import Offer
from peers.commission import Commission
from peers.credits import Credits
from peers.deal import Deal
from peers.deal_owner import Owner
from peers.identity import PeerId
from peers.office import Office
from peers.peer_record import Notice
from peers.placement import Need, Room
from peers.price_list import show
from peers.prices import at_most
from peers.purse import Purse
from peers.recruiter import Recruiter
from peers.shape import Shape
from peers.voice import Voice
from peers.worklist import Ended, Worklist

MAX_DEALS: Final = 64  # providers of one run

Lack = tuple[str, str]  # why nobody runs some steps, and what to do


class Roster:
    """The providers of one run. For the node's thread."""

    def __init__(
        self,
        office: Office,
        owner: Owner[Deal],
        recruiter: Recruiter,
        run_id: Callable[[], bytes],
        work: Worklist,
        voice: Voice,
        commission: Commission,
    ) -> None:
        """Take whom the deals tell, who could be asked, and what gives 16 random bytes."""
        self.deals: dict[Cid, Deal] = {}  # by agreement
        self.is_over = False
        self._office = office
        self._owner = owner
        self._recruiter = recruiter
        self._run_id = run_id
        self._work = work
        self._voice = voice
        self._royalties = commission.royalties
        self._budget = commission.budget()
        self._purses: dict[Cid, Purse] = {}  # by agreement
        self._current: dict[PeerId, Deal] = {}  # to which steps are given

    def current(self, provider: PeerId) -> Deal:
        """Return the deal under which a provider is given steps."""
        return self._current[provider]

    def ready(self) -> frozenset[PeerId]:
        """Return who has agreed to run steps."""
        return frozenset(peer for peer, deal in self._current.items() if deal.is_agreed)

    def coming(self, now_ms: int) -> int:
        """Return how many are likely to agree in a moment."""
        return sum(not deal.is_agreed for deal in self._current.values() if deal.is_new(now_ms))

    def agreed(self, deal: Deal) -> bool:
        """Hear that a provider takes steps; return whether it is to be given any."""
        self._recruiter.accepted(deal.provider)
        if self._current.get(deal.provider) is not deal:
            return False
        purse = self._purses[deal.agreement]
        self._work.join(deal.provider, _room(deal.terms), purse)
        self._tell_room()
        if not purse.is_free:
            self._voice.note(f"{deal.provider} is paid: {show(deal.terms.prices)}")
        return True

    def spent(self, deal: Deal, amount: Credits) -> None:
        """Count what is owed now under an agreement: no more than is left of its cap."""
        self._budget.spent(deal.agreement, amount)
        self._purses[deal.agreement].pay(amount)

    def used_up(self, deal: Deal) -> None:
        """Give a provider nothing more under an agreement whose cap is reached."""
        if purse := self._purses.get(deal.agreement):
            purse.close()

    def settled(self, deal: Deal) -> None:
        """Have back what was promised under an agreement, and did not come to be owed."""
        self._budget.ended(deal.agreement)
        del self._purses[deal.agreement]

    def left(self, deal: Deal) -> None:
        """Give a provider none for now."""
        self._work.leave(deal.provider)
        self._office.log("provider gone", peer=deal.provider)
        self._voice.note(f"{deal.provider} is gone: its steps go elsewhere, or wait for a peer")
        self._tell_room()

    def closed(self, deal: Deal, why: str, now_ms: int) -> None:
        """Offer to a provider again later, or to others."""
        self.deals.pop(deal.agreement, None)
        if self._current.get(deal.provider) is not deal:
            return
        del self._current[deal.provider]
        self._work.leave(deal.provider)
        self._recruiter.refused(deal.provider, now_ms)
        if not self.is_over:
            self._office.log("no agreement", peer=deal.provider, why=why)
            self._voice.note(f"{deal.provider} runs no steps of this run now: {why}")
            self._tell_room()

    def renew(self, deal: Deal) -> None:
        """Give a provider nothing more under an agreement; the next is another."""
        if self._current.get(deal.provider) is deal:
            del self._current[deal.provider]
        self._work.leave(deal.provider)

    def retire(self) -> None:
        """End the agreements under which nothing more comes."""
        for deal in tuple(self.deals.values()):
            if self._current.get(deal.provider) is not deal and not deal.is_busy:
                deal.end()

    def retry(self) -> None:
        """Make offers again that were refused."""
        self._recruiter.retry()

    def withdraw(self, ended: Iterable[Ended], now_ms: int) -> None:
        """Tell those who have steps that have ended that nobody wants them."""
        stopped: dict[PeerId, list[Cid]] = {}
        for one in ended:
            for provider in one.others:
                stopped.setdefault(provider, []).append(one.task.key)
        for deal in tuple(self.deals.values()) if stopped else ():
            if deal.provider in stopped:
                deal.withdraw(stopped[deal.provider], now_ms)

    def end(self) -> None:
        """End all agreements."""
        self.is_over = True
        for deal in tuple(self.deals.values()):
            deal.end()

    def recruit(
        self, shape: Shape, waiting: int, now_ms: int, *, without: frozenset[PeerId] = frozenset()
    ) -> Lack | None:
        """Offer to as many as the steps that wait could use, which some are not to have.

        Return what to say of these steps when nobody was there to run them for too long.
        """
        need = self._recruiter.need(shape, self._work.usual_ms(shape))
        able = self._recruiter.able(shape, now_ms)
        paid = self._payable(able, need)
        self._renew_used_up(need, paid)
        live = [deal for deal in self._there() if self._is_able(deal, need)]
        is_dear = bool(able) and not (paid or live or self._budget.promised)
        if self._recruiter.is_too_dear(shape, now_ms, is_dear=is_dear):
            is_guess = need.usual_ms is None
            return self._budget.lack(self._cheapest(able, need), is_guess=is_guess)
        is_there = bool(able) or any(deal.is_agreed for deal in live)
        if self._recruiter.gives_up(shape, now_ms, is_there=is_there):
            return self._recruiter.lack(shape)
        if not (able or live):
            self._voice.note("nobody runs such steps now; waiting for a peer")
        has = self._work.placement.idle(need, now_ms, without=without)
        has += sum(_room(deal.terms).at_once(need) for deal in live if not deal.is_agreed)
        self._ask(paid, shape, need, waiting - has, now_ms)
        return None

    def _payable(self, able: Sequence[Notice], need: Need) -> list[Notice]:
        """Return those whose price of such a step is left to be spent, the cheapest first."""
        usage = need.usage()
        paid = [one for one in able if self._recruiter.cap(one, usage, self._budget, 1) is not None]
        return sorted(paid, key=lambda one: self._recruiter.cost(one, usage))

    def _cheapest(self, able: Sequence[Notice], need: Need) -> Credits:
        return min(self._recruiter.cost(one, need.usage()) for one in able)

    def _renew_used_up(self, need: Need, paid: Sequence[Notice]) -> None:
        """End the agreements whose caps do not cover such a step: what is left is for others.

        One that is at work stays the provider's last until there is credit for another.
        """
        again = {one.signer for one in paid}
        for deal in self._there():
            is_used_up = deal.is_agreed and not self._affords(deal, need)
            if is_used_up and (deal.provider in again or not deal.is_busy):
                self.renew(deal)

    def _ask(
        self, paid: Sequence[Notice], shape: Shape, need: Need, lacking: int, now_ms: int
    ) -> None:
        """Offer to some until no room is lacking; to those who are waited for, in any case."""
        makers, among = self._work.makers(), max(1, len(paid))
        for notice in sorted(paid, key=lambda one: one.signer not in makers):
            provider = notice.signer
            is_enough = lacking <= 0 and provider not in makers
            if is_enough or len(self._current) >= MAX_DEALS:
                return
            if provider in self._current or not self._recruiter.may_be_asked(provider, now_ms):
                continue
            cap = self._recruiter.cap(notice, need.usage(), self._budget, among)
            if cap is not None:
                lacking -= self._offer(notice, shape, cap, now_ms).at_once(need)

    def _offer(self, notice: Notice, shape: Shape, cap: Credits, now_ms: int) -> Room:
        me = self._office.signer.public_key
        terms = self._recruiter.terms(notice, shape, self._run_id(), me, cap, self._royalties.cids)
        deal = Deal(self._office, self._owner, notice.signer, terms, now_ms, self._royalties)
        self._budget.promise(deal.agreement, cap)
        self._purses[deal.agreement] = Purse(terms.prices, cap)
        self.deals[deal.agreement] = self._current[notice.signer] = deal
        return _room(terms)

    def _affords(self, deal: Deal, need: Need) -> bool:
        cost = at_most(deal.terms.prices, need.usage())
        return self._purses[deal.agreement].affords(cost) > 0

    def _is_able(self, deal: Deal, need: Need) -> bool:
        is_allowed = deal.provider not in need.apart
        is_allowed &= need.only is None or deal.provider in need.only
        is_large = _room(deal.terms).at_once(need) > 0
        return is_allowed and is_large and self._affords(deal, need)

    def _there(self) -> list[Deal]:
        return [deal for deal in self._current.values() if not deal.is_gone]

    def _tell_room(self) -> None:
        self._voice.room(sum(deal.terms.cores for deal in self._there() if deal.is_agreed))


def _room(terms: Offer) -> Room:
    return Room(terms.cores, terms.memory_bytes, terms.disk_bytes)
