"""Quotation: what steps would cost with the peers that are there, and who would run them. Pure.

It places them as a run would (placement.py), on a clock that jumps from one end of a step to the
next; what waits for what is left out. A step whose time is not known costs nothing that is known.

>>> found = quote([Wanted("train", need, limit_ms=60_000)], [Seller(peer, room, prices)])
...                                                                      # doctest: +SKIP
>>> found.expected, found.steps[0].peer                                  # doctest: +SKIP
(2000, PeerId(...))
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from typing import Final, NamedTuple

from engine.content.cid import RAW, Cid
from peers.agreement import MAX_LEASE_MS
from peers.credits import MAX_CREDITS, NOTHING, Credits
from peers.identity import PeerId
from peers.placement import Need, Placement, Room
from peers.price_list import Prices
from peers.prices import about, at_most, is_free
from peers.purse import Purse
from peers.royalties import NOBODY, Royalties

MAX_PLACED: Final = 5_000  # steps: about half a second; of more, each is the cheapest peer's


class Wanted(NamedTuple):
    """A step that would run."""

    id: str
    need: Need
    limit_ms: int  # that it may take
    is_counted: bool = True  # else it stands for nobody knows how many


class Seller(NamedTuple):
    """A peer that could run steps."""

    peer: PeerId
    room: Room
    prices: Prices
    credit: Credits = MAX_CREDITS  # that it lends this peer, and that is left


class Quoted(NamedTuple):
    """Who would run a step, and what it would cost."""

    id: str
    peer: PeerId | None  # None: nobody could
    expected: Credits | None  # None: nobody could, or how long it takes is not known
    at_most: Credits  # with whoever could run it, for as long as it may
    lacks: Credits | None = None  # what the cheapest asks, when nobody lends that
    is_guess: bool = False  # how long it takes is not known: that is of a second


class Quotation(NamedTuple):
    """What all of them would cost, with what authors get of it."""

    steps: tuple[Quoted, ...]
    royalties: Royalties = NOBODY
    lent: Credits = MAX_CREDITS  # by all together

    @property
    def expected(self) -> Credits:
        """What those cost together of which it is known."""
        return _sum([self._work, self.for_authors])

    @property
    def for_authors(self) -> Credits:
        """What of that is for authors: they get something when anybody is paid."""
        is_paid = self._work or self.unknown
        return self.royalties.cost(self._work) if is_paid else NOTHING

    @property
    def at_most(self) -> Credits:
        """What all of them cost at most."""
        work = min(self.lent, _sum([one.at_most for one in self.steps]))
        return _sum([work, self.royalties.cost(work)]) if work else NOTHING

    @property
    def _work(self) -> Credits:
        return _sum([one.expected or NOTHING for one in self.steps])

    @property
    def unknown(self) -> tuple[str, ...]:
        """Those that somebody could run, for nobody knows how much."""
        return tuple(one.id for one in self.steps if one.peer and one.expected is None)

    @property
    def unlent(self) -> tuple[Quoted, ...]:
        """Those that somebody could run, but nobody lends what they cost."""
        return tuple(one for one in self.steps if one.lacks is not None)

    @property
    def by_peer(self) -> dict[PeerId, list[Quoted]]:
        """What each peer would run."""
        found: dict[PeerId, list[Quoted]] = {}
        for one in self.steps:
            if one.peer is not None:
                found.setdefault(one.peer, []).append(one)
        return found


def quote(
    wanted: Sequence[Wanted], sellers: Sequence[Seller], royalties: Royalties = NOBODY
) -> Quotation:
    """Return what steps would cost, with no peer more than it lends."""
    prices = {seller.peer: seller.prices for seller in sellers}
    peers = _place([one.need for one in wanted], sellers)
    pairs = zip(wanted, peers, strict=True)
    steps = tuple(_quoted(one, peer, prices, sellers) for one, peer in pairs)
    return Quotation(steps, royalties, _sum([one.credit for one in sellers if one.prices]))


def _place(needs: Sequence[Need], sellers: Sequence[Seller]) -> list[PeerId | None]:
    """Return who would run each."""
    placement = Placement()
    purses = {seller.peer: Purse(seller.prices, seller.credit) for seller in sellers}
    for seller in sellers:
        placement.join(seller.peer, seller.room, purses[seller.peer])
    running: list[tuple[int, int, PeerId]] = []  # until when, which, where
    now_ms, found = 0, list[PeerId | None]()
    for number, need in enumerate(needs):
        if number >= MAX_PLACED or not _able(need, sellers):
            found.append(_cheapest(need, sellers))
            continue
        while (peer := placement.choose(need, 0)) is None and running:
            now_ms, done, where = heappop(running)
            placement.dropped(where, _key(done))
            purses[where].pay(about(purses[where].prices, needs[done].usage()))
        if peer is not None:
            placement.given(peer, _key(number), need)
            heappush(running, (now_ms + need.usage().wall_ms, number, peer))
        found.append(peer)
    return found


def _quoted(
    one: Wanted, peer: PeerId | None, prices: Mapping[PeerId, Prices], sellers: Sequence[Seller]
) -> Quoted:
    limit = replace(one.need, usual_ms=min(one.limit_ms, MAX_LEASE_MS)).usage()
    worst = [at_most(seller.prices, limit) for seller in _able(one.need, sellers)]
    most = max(worst, default=NOTHING)
    if not one.is_counted and most:
        most = MAX_CREDITS
    if peer is None:
        lacks, is_guess = _lacking(one.need, sellers), one.need.usual_ms is None
        return Quoted(one.id, None, None, most, lacks, is_guess)
    is_known = one.is_counted and (one.need.usual_ms is not None or not most)
    expected = about(prices[peer], one.need.usage())
    return Quoted(one.id, peer, expected if is_known else None, most)


def _able(need: Need, sellers: Sequence[Seller]) -> list[Seller]:
    """Return who could run such a step, and lends what it may cost."""
    return [one for one in _large(need, sellers) if _asks(one, need) <= one.credit]


def _large(need: Need, sellers: Sequence[Seller]) -> list[Seller]:
    return [
        seller
        for seller in sellers
        if seller.room.at_once(need) and (need.only is None or seller.peer in need.only)
    ]


def _asks(seller: Seller, need: Need) -> Credits:
    """Return what an agreement has to have left for such a step."""
    least = max(Credits(1), at_most(seller.prices, need.usage()))
    return NOTHING if is_free(seller.prices) else least


def _lacking(need: Need, sellers: Sequence[Seller]) -> Credits | None:
    """Return what the cheapest who could run a step asks for it; None when nobody could."""
    return min((_asks(one, need) for one in _large(need, sellers)), default=None)


def _cheapest(need: Need, sellers: Sequence[Seller]) -> PeerId | None:
    costs = ((about(one.prices, need.usage()), one.peer) for one in _able(need, sellers))
    return min(costs, default=(NOTHING, None))[1]


def _sum(amounts: Sequence[Credits]) -> Credits:
    """Return all of them together, or all there is: this is no account."""
    return min(MAX_CREDITS, Credits(sum(amounts)))


def _key(number: int) -> Cid:
    return Cid.of(RAW, b"%d" % number)
