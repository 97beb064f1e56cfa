"""Troubles: what ails peers, their disks and clocks, and what is between them.

Each is a function of the market, two peers and a number.
"""

from functools import partial

from tests.simulation.credit.market import Market
from tests.simulation.credit.trader import Doom, Trader

HOUR_MS = 3_600_000


def trader_at(market: Market, number: int) -> Trader:
    """Return one of the honest peers."""
    return market.traders[number % len(market.traders)]


def copy(market: Market, one: int, two: int, number: int) -> None:
    """Make a copy of a disk."""
    trader = trader_at(market, one)
    trader.copies = [*trader.copies[-2:], trader.shelf.copy()]


def restore(market: Market, one: int, two: int, number: int) -> None:
    """Put a copy of a disk back; it is another disk, as its peer sees."""
    market.restore(trader_at(market, one), number)


def jump(market: Market, one: int, two: int, number: int) -> None:
    """Set the clock of a peer to another time."""
    trader = trader_at(market, one)
    trader.skew_ms = (-1) ** number * number * HOUR_MS


def doom(market: Market, one: int, two: int, number: int) -> None:
    """Have a peer crash at its next write: before, within or after it, or among what follows."""
    rows, actions = number % 4, number // 8 % 4
    trader_at(market, one).doom = Doom(rows, number // 4 % 2 == 1, actions)


def crash(market: Market, one: int, two: int, number: int) -> None:
    """Have a peer crash now."""
    market.revive(trader_at(market, one))


def stall(market: Market, one: int, two: int, number: int) -> None:
    """Have a disk be slow; or let it go on."""
    trader = trader_at(market, one)
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
