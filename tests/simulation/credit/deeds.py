"""Deeds: what can happen in a market: each a function of the market, two peers and a number.

Here are those of the cheat; the others are in trades.py and troubles.py.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from tests.simulation.credit import mischief, trades, troubles
from tests.simulation.credit.labour import deal
from tests.simulation.credit.market import Market
from tests.simulation.credit.trades import offer, work
from tests.simulation.credit.troubles import deliver_many, trader_at

Deed = Callable[[Market, int, int, int], None]


def cheat(market: Market, one: int, two: int, number: int) -> None:
    """Have the cheat do something, right or wrong."""
    market.cheat.mood = two
    mischief.act(market, trader_at(market, one), number)


def tamper(market: Market, one: int, two: int, number: int) -> None:
    """Have the cheat send what is no entry."""
    victim = trader_at(market, one)
    for at in range(3):
        market.do(partial(market.wire.connect, victim.peer, market.cheat.peer))
        mischief.act(market, victim, 0)
        deliver_many(market, 1, two, 8)
        mischief.forge(market, victim, 3 * number + at)
        deliver_many(market, 1, two, 8)


def swindle(market: Market, one: int, two: int, number: int) -> None:
    """Have the cheat trade with somebody, and be paid, or pay, rightly or not."""
    victim, bad = trader_at(market, one), market.cheat
    market.cheat.mood = 1
    market.do(partial(market.wire.connect, victim.peer, bad.peer))
    mischief.act(market, victim, 0)
    epoch, cap = victim.credit.epoch, number % 2_000 + 1
    made = deal(len(market.deals), bad.signer, victim.peer, cap, market.manifest, epoch)
    if number % 2:
        market.deals.append(made)
        if not victim.credit.objection(bad.peer, made.cid, cap, epoch):
            victim.credit.agree(bad.peer, made.offer, cap, lambda: None)
    else:
        peers = [peer for peer in (*market.of_peer, bad.peer) if peer != victim.peer]
        offer(market, one, peers.index(bad.peer), number)
    deliver_many(market, 1, two, 24)
    for trick in mischief.TRADES if number % 2 else mischief.WORKS:
        trick(market, victim, number // 2)
        deliver_many(market, 1, two, 8)
        work(market, -1, two, number)
    market.cheat.mood = two


DEEDS: Final[dict[str, Deed]] = {
    act.__name__: act
    for act in (
        trades.limit,
        trades.offer,
        trades.rush,
        trades.work,
        trades.trade,
        trades.vouch,
        trades.close,
        trades.expire,
        trades.dispute,
        trades.checkpoint,
        trades.reset,
        trades.settle,
        troubles.copy,
        troubles.restore,
        troubles.jump,
        troubles.doom,
        troubles.crash,
        troubles.stall,
        troubles.connect,
        troubles.cut,
        troubles.part,
        troubles.deliver,
        troubles.deliver_many,
        troubles.double,
        cheat,
        swindle,
        tamper,
    )
}
