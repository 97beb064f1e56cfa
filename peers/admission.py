"""Admission: what is offered to this peer, and what it agrees to.

A yes is in the books before it is said. What is lent is counted from when an offer is accepted.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Final

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Refused
from peers.agreement import ACCEPTANCE, Acceptance, Offer
from peers.engagement import Engagement
from peers.engagements import Engagements, enter
from peers.errors import RemoteFault
from peers.house import Door, House, Share, objection, share_of
from peers.identity import PeerId
from peers.offer_messages import Refusal, read_offer, write_answer
from peers.signed import Unsealed, seal
from peers.tools import NO_ROOM, Tools

WANTED_MS: Final = 5_000  # after which an agreement sleeps that nobody uses, when another is wanted


class Admission:
    """What one peer agrees to. For the node's thread."""

    def __init__(self, house: House, tools: Tools, engagements: Engagements) -> None:
        """Lend what `house` says, besides what is lent under engagements."""
        self._house = house
        self._tools = tools
        self._engagements = engagements
        self._entering: dict[Cid, tuple[PeerId, Share]] = {}  # accepted, not yet in the book

    @property
    def door(self) -> Door:
        """Whether anything new is accepted: it is "open" then."""
        return self._house.door

    def set_door(self, door: Door) -> None:
        """Accept what is new from now on, or say why not."""
        self._house = replace(self._house, door=door)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is accepted that is not in the book."""
        return not self._entering

    def has(self, agreement: Cid) -> bool:
        """Return whether an offer was accepted that is not in the book yet."""
        return agreement in self._entering

    @property
    def free_cores(self) -> int:
        """How many more are lent to whoever asks."""
        if self._house.door != "open":
            return 0
        return self._house.lent.cores - sum(share.cores for share in self.lent().values())

    def offered(self, peer: PeerId, body: bytes, reply: Callable[[bytes], None]) -> None:
        """Take an offer; say yes or no.

        Raises: RemoteFault for one that its sender may not make.
        """
        offer = read_offer(body)
        terms = offer.value
        if offer.signer != peer or terms.requester != peer.key:
            raise RemoteFault("an offer is made by whoever signs it")
        if terms.provider != self._tools.signer.public_key:
            raise RemoteFault("it was offered to somebody else")
        if why := self.objection(offer.cid, terms):
            self._refuse(peer, why, reply)
        else:
            self._accept(offer, body, peer, reply)

    def _refuse(self, peer: PeerId, why: str, reply: Callable[[bytes], None]) -> None:
        self._tools.log("refused", peer=peer, why=why)
        reply(write_answer(Refusal(why)))

    def _accept(
        self, offer: Unsealed[Offer], body: bytes, peer: PeerId, reply: Callable[[bytes], None]
    ) -> None:
        """Say yes, once that is in the books; said again, it is the same yes."""
        enter_it = partial(self._enter, offer, body, peer, reply)
        self._entering[offer.cid] = (peer, share_of(offer.value))
        try:
            if (cap := offer.value.price_cap) == 0:
                enter_it()
            else:
                self._tools.credit.agree(peer, Block(offer.cid, body), cap, enter_it)
        except Refused as refused:
            self._entering.pop(offer.cid)
            self._refuse(peer, refused.what, reply)

    def _enter(
        self, offer: Unsealed[Offer], body: bytes, peer: PeerId, reply: Callable[[bytes], None]
    ) -> None:
        signed = seal(ACCEPTANCE, Acceptance(offer.cid), self._tools.signer).data

        def engaged(engagement: Engagement | None) -> None:
            self._entering.pop(offer.cid, None)
            if engagement is None:
                reply(write_answer(Refusal("this peer cannot keep what it agrees to")))
            else:
                engagement.is_lent = True
                self._tools.log("agreed", peer=peer, agreement=str(offer.cid))
                reply(write_answer(engagement.acceptance))

        def entered(outcome: "Future[None]") -> None:
            if outcome.exception() is None:
                self._engagements.take_up(offer.cid, engaged)
            else:
                engaged(None)

        wall_ms = self._tools.clock.now_ms()
        enter(self._tools, partial(self._tools.book.accept, body, signed, wall_ms), entered)

    def objection(self, agreement: Cid, offer: Offer) -> str:
        """Return why there is no agreement, or no more; "" when there is."""
        asks = PeerId(offer.requester)
        why = "" if self._is_lent(agreement) else self._no_room(offer)
        return why or self._tools.credit.objection(asks, agreement, offer.price_cap, offer.epoch)

    def _is_lent(self, agreement: Cid) -> bool:
        """Return whether there is an agreement under which something is lent, or is to be."""
        engagement = self._engagements.get(agreement)
        is_lent = engagement is not None and engagement.is_lent
        return is_lent or agreement in self._entering

    def _no_room(self, offer: Offer) -> str:
        why = objection(self._house, offer, self.lent())
        if why and self._engagements.put_to_sleep(WANTED_MS):  # others have what nobody uses
            why = objection(self._house, offer, self.lent())
        return why or ("" if self._tools.has_room(offer.disk_bytes) else NO_ROOM)

    def lent(self) -> dict[PeerId, Share]:
        """Return what each requester may use now."""
        lent: dict[PeerId, Share] = {}
        awake = [one for one in self._engagements if one.agreement.cid not in self._entering]
        shares = [(one.agreement.requester, one.share) for one in awake if one.is_lent]
        for peer, share in (*shares, *self._entering.values()):
            lent[peer] = lent.get(peer, Share()).plus(share)
        return lent
