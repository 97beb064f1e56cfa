"""Trades: what honest peers do with each other, and with the cheat.

Each is a function of the market, two peers and a number.
"""

from functools import partial
from typing import Final

from peers.agreement import BATCH
from peers.channel import Channel
from peers.dues import Batch
from peers.entries import Checkpoint, Close, Dispute, Limit, Open
from peers.identity import PeerId
from peers.payments import Bill
from peers.receipts import Line, within
from peers.settling import asked_reset
from peers.signed import unseal
from tests.simulation.credit.labour import Deal, Fate, Lie, bill, deal, word
from tests.simulation.credit.market import Market, may
from tests.simulation.credit.trader import POLICY, Trader
from tests.simulation.credit.troubles import connect, deliver_many, doom, trader_at

LONG_MS: Final = 400  # of a step


# what traders do


def limit(market: Market, one: int, two: int, number: int) -> None:
    """Lend another so much."""
    trader, peer = two_at(market, one, two)
    channel = trader.account(peer)
    first = Open(peer.key, channel.generation, number % 5_000)
    body = Limit(number % 9_000) if channel.mine.is_open else first
    may(partial(trader.enter, peer, body))


def offer(market: Market, one: int, two: int, number: int) -> None:
    """Offer another work; it agrees, if that is within what it lends."""
    requester, provider = two_at(market, one, two)
    if not market.wire.is_up(requester.peer, provider):
        return
    room = requester.payments.room(provider, POLICY.newcomer)
    cap = number % 3_000 + 1 if number % 3 else min(room, number % 3_000 + 1)
    lender = market.of_peer.get(provider)
    epoch = lender.credit.epoch if lender else 0
    made = deal(
        len(market.deals),
        requester.signer,
        provider,
        cap,
        market.manifest if number % 2 else None,
        epoch,
    )
    market.deals.append(made)
    requester.payments.begin(provider, made.cid, lambda _: None)
    asks = requester.peer
    if cap == 0 or lender is None or lender.credit.objection(asks, made.cid, cap, epoch):
        return
    lender.credit.agree(requester.peer, made.offer, cap, lambda: None)


def rush(market: Market, one: int, two: int, number: int) -> None:
    """Offer another more at once than it lends, each of which it would agree to."""
    trader, peer = two_at(market, one, two)
    market.do(partial(market.wire.connect, trader.peer, peer))
    for _ in range(3):
        offer(market, one, two, 1_501)


def work(market: Market, one: int, two: int, number: int) -> None:
    """Run a step, with whatever comes of it; whoever is to pay for it judges it."""
    made = _deal(market, one)
    if made is None or made.is_over or made.requester not in market.of_peer:
        return
    step, wall_ms = made.step(), number % LONG_MS
    fate = made.fates[step] = list(Fate)[number % len(Fate)]
    is_honest = made.provider in market.of_peer
    lie = Lie.NONE if is_honest else list(Lie)[two % len(Lie)]
    signers = {PeerId(signer.public_key): signer for signer in market.signers}
    signer = signers[made.requester if lie is Lie.KEY else made.provider]
    said = word(made, step, fate, wall_ms + (0 if is_honest else two), signer, lie)
    made.words[step] = said
    requester = market.of_peer[made.requester]
    line = bill(made, said, fate, wall_ms)
    if fate is Fate.VANISHED or line is None:
        return
    held = requester.account(made.provider).agreements.get(made.cid)
    room = held.price_cap - held.applied if held else made.terms.price_cap
    due = sum(one.amount for one in _due(requester, made))
    lines = tuple(within([line], room - due))
    batch = unseal(BATCH, said.signed).cid
    if lines:
        requester.shelf.dues[batch] = Batch(made.provider, made.cid, batch, lines)
    settled = partial(requester.settled, batch)
    requester.payments.bill(made.provider, Bill(made.cid, batch, lines, made.royalties), settled)


def trade(market: Market, one: int, two: int, number: int) -> None:
    """Do all that belongs to one deal, one after another; any of it may come to nothing."""
    connect(market, one, two, 1)
    offer(market, one, two, number)
    for at in range(number % 4 + 1):
        deliver_many(market, 1, two, 24)
        if number % 5 == at:
            doom(market, one, two, number)
        work(market, -1, two, number * (at + 1))
    deliver_many(market, 1, two, 24)
    vouch(market, one, two, number)
    deliver_many(market, 1, two, 24)
    if number % 3 == 0:
        close(market, -1, two, number)


def vouch(market: Market, one: int, two: int, number: int) -> None:
    """Let time pass for a peer: what waits for a while is done."""
    market.pass_time([trader_at(market, one)])


def close(market: Market, one: int, two: int, number: int) -> None:
    """Pay no more under an agreement."""
    made = _deal(market, one)
    if made is not None and not made.is_over and (payer := market.of_peer.get(made.requester)):
        made.is_over = True
        payer.payments.end(made.agreement, made.royalties, lambda: None)


def expire(market: Market, one: int, two: int, number: int) -> None:
    """Wait no longer for receipts under an agreement."""
    made = _deal(market, one)
    if made is not None and (provider := market.of_peer.get(made.provider)):
        may(partial(provider.enter, made.requester, Close(made.cid)))


def dispute(market: Market, one: int, two: int, number: int) -> None:
    """Say that a step is not what it should be."""
    made = _deal(market, one)
    if made is None or not made.fates:
        return
    step = list(made.fates)[number % len(made.fates)]
    sides = [peer for peer in (made.requester, made.provider) if peer in market.of_peer]
    teller = market.of_peer[sides[two % len(sides)]]
    (other,) = {made.requester, made.provider} - {teller.peer}
    may(partial(teller.enter, other, Dispute(made.cid, step, "it is another")))


# what people and time do


def checkpoint(market: Market, one: int, two: int, number: int) -> None:
    """Say how a channel stands, or that it ends; or agree to what the other said."""
    trader, peer = two_at(market, one, two)
    channel = trader.account(peer)
    theirs = channel.theirs.signed
    standings = channel.in_order(channel.mine.standing, channel.theirs.standing)
    body = Checkpoint(_number(channel), standings, is_final=number % 3 == 0)
    if number % 2 and isinstance(theirs, Checkpoint) and theirs.number >= body.number:
        body = theirs
    may(partial(trader.enter, peer, body))


def reset(market: Market, one: int, two: int, number: int) -> None:
    """Ask for another balance, or agree to what the other asked for, or refuse it."""
    trader, peer = two_at(market, one, two)
    settlement = trader.settlement
    if number % 4 and asked_reset(trader.account(peer)) is not None:
        may(partial(settlement.refuse if number % 8 == 1 else settlement.accept, peer))
    else:
        balance = trader.account(peer).balance + number % 100 - 50
        may(partial(settlement.propose, peer, balance, "it was settled"))


def settle(market: Market, one: int, two: int, number: int) -> None:
    """Have two people agree on another balance, while one of the two goes on to owe."""
    trader, peer = two_at(market, one, two)
    other = market.of_peer.get(peer)
    market.do(partial(market.wire.connect, trader.peer, peer))
    offer(market, one, two, number)
    for _ in range(2):
        deliver_many(market, 1, two, 24)
        work(market, -1, two, len(Fate) * number)
    balance = trader.account(peer).balance + (-1) ** number * (number % 50)
    propose = partial(trader.settlement.propose, peer, balance, "it was settled")
    market.do(partial(may, propose))
    deliver_many(market, 1, two, 24)
    if other is not None:
        market.do(partial(may, partial(other.settlement.accept, trader.peer)))
    work(market, -1, two, len(Fate) * number)
    vouch(market, one, two, number)


def _number(channel: Channel) -> int:
    return channel.mine.signed.number + 1 if channel.mine.signed else 1


def two_at(market: Market, one: int, two: int) -> tuple[Trader, PeerId]:
    """Return an honest peer, and another, who may be the cheat."""
    trader = trader_at(market, one)
    others = [peer for peer in (*market.of_peer, market.cheat.peer) if peer != trader.peer]
    return trader, others[two % len(others)]


def _deal(market: Market, number: int) -> Deal | None:
    recent = market.deals[-6:]
    return recent[number % len(recent)] if recent else None


def _due(requester: Trader, made: Deal) -> list[Line]:
    return [
        line
        for due in requester.shelf.dues.values()
        if due.agreement == made.cid
        for line in due.lines
    ]
