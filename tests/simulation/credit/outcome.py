"""Outcome: what must be so once all that was to be said has been said.

The other invariants, those of each row, are in invariants.py.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from engine.errors import Refused
from peers import breaches, ledger_state
from peers.clearing import next_voucher
from peers.credit_messages import read_entries
from peers.entries import Checkpoint, Close, Limit, Open, Receipt, Voucher
from peers.entry import Written
from peers.heads import MAX_PLACES
from peers.proofs import FRAUD_PROOF, check, find, prove
from tests.peers.bills import agreed, billed, offered
from tests.peers.ledgers import replay
from tests.simulation.credit.invariants import STEADY, Invariant, look
from tests.simulation.credit.market import Market
from tests.simulation.credit.trader import Trader
from tests.simulation.credit.wire import Kind, Letter
from tests.simulation.promises import Broken

AGAIN: Final = 30  # letters that come once more


def i04_the_sum_of_all_is_nothing(market: Market) -> None:
    """I4: sum over all peers of net != 0 in a simulated network: of those that are honest."""
    for one, two in market.pairs():
        sides = [(one, two), (two, one)]
        nets = [sum(c.balance for c in a.ledger.with_peer(b.peer)) for a, b in sides]
        _hold(sum(nets) == 0, f"I4 {one.number} and {two.number}: {nets}")


def i09_both_sides_come_to_the_same(market: Market) -> None:
    """I9: message replay/reorder/duplication changes the final state.

    Two peers took the same entries in two orders: what each side signed stands alike with both. And
    what comes once more changes nothing.
    """
    for one, two in market.pairs():
        for mine in one.ledger.with_peer(two.peer):
            theirs = two.ledger.channels.get(mine.id)
            if theirs is None:
                raise Broken(f"I9 {two.number} has no channel that {one.number} has")
            for peer in (one.peer, two.peer):
                sides = mine.side(peer), theirs.side(peer)
                _hold(sides[0] == sides[1], f"I9 {one.number}, {two.number}: {sides}")
            same = mine.agreements == theirs.agreements and mine.checkpoint == theirs.checkpoint
            _hold(same and mine.is_over == theirs.is_over, f"I9 {mine} {theirs}")
    stood = [trader.ledger for trader in market.traders]
    for letter in market.wire.past[-AGAIN:]:
        if letter.sender in market.of_peer and _is_known(market, letter):
            market.of_peer[letter.to].take(letter)
    market.drain()
    _hold(stood == [trader.ledger for trader in market.traders], "I9 what came twice counts twice")


def _is_known(market: Market, letter: Letter) -> bool:
    """Return whether no entry of a letter is new: one that crashes lost is as if it never was."""
    if letter.to not in market.of_peer or letter.kind is not Kind.ENTRIES:
        return False
    ids = market.of_peer[letter.to].shelf.ids
    return all(one.id in ids for one in read_entries(letter.body).entries)


def i10_what_is_written_is_said(market: Market) -> None:
    """I10: either the entry exists and gets (re)sent, or never left."""
    for one, two in market.pairs():
        for a, b in ((one, two), (two, one)):
            names = {channel.id for channel in a.ledger.with_peer(b.peer)}
            here, there = (_of(trader, a, names) for trader in (a, b))
            _hold(here <= there, f"I10 {a.number} has written what {b.number} never heard")
            _hold(there <= here, f"I10 {b.number} has what {a.number} does not know it said")


def _of(trader: Trader, author: Trader, names: set[bytes]) -> set[object]:
    rows = (row.written for row in trader.shelf.rows)
    return {one.id for one in rows if one.author == author.peer and one.entry.channel in names}


def i11_nobody_honest_is_convicted(market: Market) -> None:
    """I11: honest peer ever convictable (crash, restore, clock jumps, same-content re-sign)."""
    for trader in market.traders:
        for what, peer, why in trader.trouble:
            is_honest = peer in market.of_peer
            _hold(
                not is_honest, f"I11 {trader.number} holds a {what} against an honest peer: {why}"
            )
        for convict in trader.ledger.convicts:
            _hold(convict == market.cheat.peer, "I11 an honest peer is convicted")
    for signed in market.signed.values():
        for one, two in combinations(signed.values(), 2):
            _hold(find(one, two) is None, "I11 two entries convict an honest peer")
        for what, evidence in _breaches(market, list(signed.values())):
            _hold(prove(what, evidence) is None, f"I11 {what} of an honest peer")


def _breaches(market: Market, signed: list[Written]) -> Iterator[tuple[str, list[bytes]]]:
    """Yield what could convict the author of some entries, who is honest."""
    by_id = {one.id: one for one in signed}
    offers = {deal.cid: deal.offer.data for deal in market.deals}
    receipts: dict[object, list[Written]] = {}
    for one in signed:
        if isinstance(one.body, Voucher):
            yield breaches.TOTAL, [part.signed for part in _chain(one, by_id)]
        elif isinstance(one.body, Receipt) and one.body.agreement in offers:
            key = one.body.agreement, one.entry.epoch, one.entry.channel
            receipts.setdefault(key, []).append(one)
    for of in receipts.values():
        body = of[0].body
        assert isinstance(body, Receipt)
        yield breaches.CAP, [offers[body.agreement], *(one.signed for one in of)]


def _chain(voucher: Written, by_id: dict[object, Written]) -> list[Written]:
    chain = [voucher]
    while len(chain) == 1 or not isinstance(chain[0].body, Voucher | Open):
        chain.insert(0, by_id[chain[0].entry.before])
    return chain


def i12_every_fork_is_convicted(market: Market) -> None:
    """I12: every real fork in history is convicted when both halves meet."""
    for met in market.met.values():
        for one, two in combinations(met.values(), 2):
            if _is_fork(one, two):
                proof = find(one, two)
                if proof is None:
                    raise Broken("I12 a fork convicts nobody")
                read = FRAUD_PROOF.decode(FRAUD_PROOF.encode(proof))
                _hold(check(read) == market.cheat.peer, "I12 a fork convicts another")
    market.gossip()
    for one, two in market.pairs():
        if any(_is_fork(a, b) for a in _last(one, market) for b in _last(two, market)):
            convicted = [market.cheat.peer in trader.ledger.convicts for trader in (one, two)]
            _hold(any(convicted), f"I12 {one.number} and {two.number} have seen no fork")


def _is_fork(one: Written, two: Written) -> bool:
    """Return whether two entries of one author are of two logs."""
    a, b = one.entry, two.entry
    if one.id == two.id or a.epoch != b.epoch:
        return False
    is_after = a.channel is not None and (a.channel, a.before) == (b.channel, b.before)
    return a.number == b.number or is_after


def _last(trader: Trader, market: Market) -> list[Written]:
    """Return what a peer has of the cheat's and still speaks of."""
    rows = (row.written for row in trader.shelf.rows)
    return [one for one in rows if one.author == market.cheat.peer][-MAX_PLACES // 4 :]


def i17_a_channel_ends_at_nothing(market: Market) -> None:
    """I17: closing at zero impossible (dust): what is owed is worked off, and the channel ends."""
    one, two = market.traders[0], market.traders[-1]
    both = ((one, two), (two, one))
    was = one.account(two.peer).generation
    for step in (_open, _answer, _close, _work_off, _end, _end):
        for trader, other in both:
            if trader.account(other.peer).generation == was:
                try:
                    step(market, trader, other)
                except Refused as refused:
                    raise Broken(f"I17 {trader.number}: {refused.what}") from refused
                market.settle()
    for trader, other in both:
        _hold(trader.account(other.peer).generation > was, "I17 a channel does not end")


def _open(market: Market, trader: Trader, other: Trader) -> None:
    channel = trader.account(other.peer)
    if not channel.mine.is_open:
        trader.enter(other.peer, Open(other.peer.key, channel.generation, 0))


def _answer(market: Market, trader: Trader, other: Trader) -> None:
    """Say yes to what the other waits for, or no."""
    channel = trader.account(other.peer)
    said = channel.theirs.signed
    if said is None or said.number <= channel.mine.signed_number:
        return
    _vouch(trader, other)
    channel = trader.account(other.peer)
    try:
        trader.enter(other.peer, said)
    except Refused:
        standings = channel.in_order(channel.mine.standing, channel.theirs.standing)
        trader.enter(other.peer, Checkpoint(said.number, standings, is_final=False))


def _close(market: Market, trader: Trader, other: Trader) -> None:
    """End what was agreed, and give a voucher for all that is owed."""
    _vouch(trader, other)
    for agreement, held in trader.account(other.peer).agreements.items():
        if held.requester == trader.peer:
            trader.enter(other.peer, Close(agreement))


def _vouch(trader: Trader, other: Trader) -> None:
    if (voucher := next_voucher(trader.account(other.peer).mine)) is not None:
        trader.enter(other.peer, voucher)


def _work_off(market: Market, trader: Trader, other: Trader) -> None:
    """Have a debtor be paid in work for exactly what it owes."""
    amount = -trader.account(other.peer).balance
    if amount <= 0:
        return
    offer = offered(other.signer, trader.peer.key, amount, "the last", epoch=trader.credit.epoch)
    other.payments.begin(trader.peer, offer.cid, lambda _: None)
    trader.enter(other.peer, Limit(2**40))
    body, evidence = agreed(offer, amount)
    trader.enter(other.peer, body, evidence=evidence)
    market.settle()
    receipt, lines = billed(offer.cid, amount)
    other.enter(trader.peer, receipt, evidence=lines)
    _vouch(other, trader)
    market.settle()
    other.enter(trader.peer, Close(offer.cid))


def _end(market: Market, trader: Trader, other: Trader) -> None:
    """Say that a channel ends, or agree to that."""
    channel = trader.account(other.peer)
    said = channel.theirs.signed
    standings = channel.in_order(channel.mine.standing, channel.theirs.standing)
    if isinstance(said, Checkpoint) and said.is_final and said.number > channel.mine.signed_number:
        trader.enter(other.peer, said)
    else:
        number = max(channel.mine.signed_number, channel.theirs.signed_number) + 1
        trader.enter(other.peer, Checkpoint(number, standings, is_final=True))


def i20_everything_gives_the_same_again(market: Market) -> None:
    """I20: balances(replay(log)) != stored balances; nor are those kept that are something else."""
    for trader in market.traders:
        replayed = replay(trader.peer, [row.written for row in trader.shelf.rows])
        _hold(replayed == trader.ledger, f"I20 the log of {trader.number} gives another ledger")
        kept = ledger_state.decode(ledger_state.encode(trader.ledger))
        _hold(kept == trader.ledger, f"I20 what {trader.number} keeps is another ledger")


FINAL: Final[tuple[Invariant, ...]] = (
    i11_nobody_honest_is_convicted,
    i10_what_is_written_is_said,
    i09_both_sides_come_to_the_same,
    i04_the_sum_of_all_is_nothing,
    i20_everything_gives_the_same_again,
    i12_every_fork_is_convicted,
    i17_a_channel_ends_at_nothing,
    i11_nobody_honest_is_convicted,
)


def end(
    market: Market, steady: Sequence[Invariant] = STEADY, final: Sequence[Invariant] = FINAL
) -> None:
    """Settle all, and look at everything."""
    market.settle()
    look(market, steady)
    for invariant in final:
        invariant(market)
        look(market, steady)


def _hold(holds: object, what: str) -> None:
    if not holds:
        raise Broken(what)
