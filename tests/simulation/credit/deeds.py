"""Deeds: what can happen in a market: each a function of the market, two peers and a number."""

from collections.abc import Callable
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
from tests.simulation.credit import mischief
from tests.simulation.credit.labour import Deal, Fate, Lie, bill, deal, word
from tests.simulation.credit.market import Market, may
from tests.simulation.credit.trader import POLICY, Doom, Trader

Deed = Callable[[Market, int, int, int], None]
LONG_MS: Final = 400  # of a step
HOUR_MS: Final = 3_600_000


# what traders do


def limit(market: Market, one: int, two: int, number: int) -> None:
    """Lend another so much."""
    trader, peer = _two(market, one, two)
    channel = trader.account(peer)
    first = Open(peer.key, channel.generation, number % 5_000)
    body = Limit(number % 9_000) if channel.mine.is_open else first
    may(partial(trader.enter, peer, body))


def offer(market: Market, one: int, two: int, number: int) -> None:
    """Offer another work; it agrees, if that is within what it lends."""
    requester, provider = _two(market, one, two)
    if not market.wire.is_up(requester.peer, provider):
        return
    room = requester.payments.room(provider, POLICY.newcomer)
    cap = number % 3_000 + 1 if number % 3 else min(room, number % 3_000 + 1)
    made = deal(
        len(market.deals),
        requester.signer,
        provider,
        cap,
        market.manifest if number % 2 else None,
    )
    market.deals.append(made)
    requester.payments.begin(made.cid)
    lender = market.of_peer.get(provider)
    if cap == 0 or lender is None or lender.credit.objection(requester.peer, made.cid, cap):
        return
    lender.credit.agree(requester.peer, made.offer, cap, lambda: None)


def rush(market: Market, one: int, two: int, number: int) -> None:
    """Offer another more at once than it lends, each of which it would agree to."""
    trader, peer = _two(market, one, two)
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
    market.pass_time([_trader(market, one)])


def close(market: Market, one: int, two: int, number: int) -> None:
    """Pay no more under an agreement."""
    made = _deal(market, one)
    if made is not None and not made.is_over and (payer := market.of_peer.get(made.requester)):
        made.is_over = True
        payer.payments.end(made.agreement, made.royalties)


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
    trader, peer = _two(market, one, two)
    channel = trader.account(peer)
    theirs = channel.theirs.signed
    standings = channel.in_order(channel.mine.standing, channel.theirs.standing)
    body = Checkpoint(_number(channel), standings, is_final=number % 3 == 0)
    if number % 2 and isinstance(theirs, Checkpoint) and theirs.number >= body.number:
        body = theirs
    may(partial(trader.enter, peer, body))


def reset(market: Market, one: int, two: int, number: int) -> None:
    """Ask for another balance, or agree to what the other asked for."""
    trader, peer = _two(market, one, two)
    settlement = trader.settlement
    if number % 4 and asked_reset(trader.account(peer)) is not None:
        may(partial(settlement.accept, peer))
    else:
        balance = trader.account(peer).balance + number % 100 - 50
        may(partial(settlement.propose, peer, balance, "it was settled"))


def settle(market: Market, one: int, two: int, number: int) -> None:
    """Have two people agree on another balance, while one of the two goes on to owe."""
    trader, peer = _two(market, one, two)
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


def copy(market: Market, one: int, two: int, number: int) -> None:
    """Make a copy of a disk."""
    trader = _trader(market, one)
    trader.copies = [*trader.copies[-2:], trader.shelf.copy()]


def restore(market: Market, one: int, two: int, number: int) -> None:
    """Put a copy of a disk back; it is another disk, as its peer sees."""
    market.restore(_trader(market, one), number)


def jump(market: Market, one: int, two: int, number: int) -> None:
    """Set the clock of a peer to another time."""
    trader = _trader(market, one)
    trader.skew_ms = (-1) ** number * number * HOUR_MS


# what ails peers and what is between them


def doom(market: Market, one: int, two: int, number: int) -> None:
    """Have a peer crash at its next write: before, within or after it, or among what follows."""
    rows, actions = number % 4, number // 8 % 4
    _trader(market, one).doom = Doom(rows, number // 4 % 2 == 1, actions)


def crash(market: Market, one: int, two: int, number: int) -> None:
    """Have a peer crash now."""
    market.revive(_trader(market, one))


def stall(market: Market, one: int, two: int, number: int) -> None:
    """Have a disk be slow; or let it go on."""
    trader = _trader(market, one)
    trader.is_stalled = not trader.is_stalled
    market.do(trader.go_on)


def connect(market: Market, one: int, two: int, number: int) -> None:
    """Open lines: one, or all there can be; one peer is hardly ever there."""
    ends = [*market.of_peer, market.cheat.peer]
    if number % 8 != 0:
        ends.remove(market.author.peer)
    first, second = ends[one % len(ends)], ends[two % len(ends)]
    pairs = [(first, second)] if number % 3 == 0 else [(a, b) for a in ends for b in ends if a < b]
    for a, b in pairs:
        market.do(partial(market.wire.connect, a, b))


def cut(market: Market, one: int, two: int, number: int) -> None:
    """Have a line break, of which one of the two may hear later."""
    lines = sorted(market.wire.lines, key=sorted)
    if lines:
        first, second = sorted(lines[one % len(lines)])
        market.wire.cut(first, second, (None, first, second)[number % 3])


def part(market: Market, one: int, two: int, number: int) -> None:
    """Have some peers reach only some; or end that."""
    ends = [*market.of_peer, market.cheat.peer]
    groups = {peer: number >> at & 1 for at, peer in enumerate(ends)}
    market.wire.part(groups if number % 3 else {})


def deliver(market: Market, one: int, two: int, number: int) -> None:
    """Deliver some letters of a line."""
    lines = sorted(market.wire.busy(), key=sorted)
    for _ in range(number % 8 + 1) if lines else ():
        market.do(partial(market.wire.deliver, lines[one % len(lines)]))


def deliver_many(market: Market, one: int, two: int, number: int) -> None:
    """Deliver letters of all lines, now of one, now of another."""
    for at in range(number % 32 + 8):
        lines = sorted(market.wire.busy(), key=sorted)
        if lines:
            market.do(partial(market.wire.deliver, lines[(at * one + two) % len(lines)]))


def double(market: Market, one: int, two: int, number: int) -> None:
    """Have a letter come twice."""
    lines = sorted(market.wire.busy(), key=sorted)
    if lines:
        line = market.wire.lines[lines[one % len(lines)]]
        line.append(line[number % len(line)])


def cheat(market: Market, one: int, two: int, number: int) -> None:
    """Have the cheat do something, right or wrong."""
    market.cheat.mood = two
    mischief.act(market, _trader(market, one), number)


def tamper(market: Market, one: int, two: int, number: int) -> None:
    """Have the cheat send what is no entry."""
    victim = _trader(market, one)
    for at in range(3):
        market.do(partial(market.wire.connect, victim.peer, market.cheat.peer))
        mischief.act(market, victim, 0)
        deliver_many(market, 1, two, 8)
        mischief.forge(market, victim, 3 * number + at)
        deliver_many(market, 1, two, 8)


def swindle(market: Market, one: int, two: int, number: int) -> None:
    """Have the cheat trade with somebody, and be paid, or pay, rightly or not."""
    victim, bad = _trader(market, one), market.cheat
    market.cheat.mood = 1
    market.do(partial(market.wire.connect, victim.peer, bad.peer))
    mischief.act(market, victim, 0)
    made = deal(len(market.deals), bad.signer, victim.peer, number % 2_000 + 1, market.manifest)
    if number % 2:
        market.deals.append(made)
        if not victim.credit.objection(bad.peer, made.cid, made.terms.price_cap):
            victim.credit.agree(bad.peer, made.offer, made.terms.price_cap, lambda: None)
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
        limit,
        offer,
        rush,
        work,
        trade,
        vouch,
        close,
        expire,
        dispute,
        checkpoint,
        reset,
        settle,
        copy,
        restore,
        jump,
        doom,
        crash,
        stall,
        connect,
        cut,
        part,
        deliver,
        deliver_many,
        double,
        cheat,
        swindle,
        tamper,
    )
}


def _trader(market: Market, number: int) -> Trader:
    return market.traders[number % len(market.traders)]


def _two(market: Market, one: int, two: int) -> tuple[Trader, PeerId]:
    """Return an honest peer, and another, who may be the cheat."""
    trader = _trader(market, one)
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
