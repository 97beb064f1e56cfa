"""Mischief: what the cheat does: what honest peers do, so that it is traded with, and worse."""

from collections.abc import Callable
from typing import Final

from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.values import replace
from peers import breaches, forks
from peers.channel import Held
from peers.clearing import next_voucher
from peers.credit_messages import Told, write_entries, write_sync
from peers.entries import (
    Agreed,
    Body,
    Checkpoint,
    Close,
    Dispute,
    Epoch,
    Limit,
    Open,
    Reset,
    Royalty,
)
from peers.entry import Entry
from peers.entry_kinds import write_body
from peers.place import Place
from peers.proofs import FRAUD_PROOF, KINDS, FraudProof
from peers.receipts import LINES, Line, Lines, receipt_of
from tests.simulation.credit.cheat import Cheat
from tests.simulation.credit.forgeries import forgery
from tests.simulation.credit.labour import Deal
from tests.simulation.credit.market import Market
from tests.simulation.credit.trader import Trader
from tests.simulation.credit.wire import Kind

Trick = Callable[[Market, Trader, int], None]
ROOT: Final = bytes(32)


def act(market: Market, victim: Trader, number: int) -> None:
    """Do one of all that it does; what it may not skip comes first."""
    cheat = market.cheat
    if not cheat.channel(victim).theirs.is_open:
        generation = cheat.channel(victim).generation
        cheat.say(victim, Open(victim.peer.key, generation, 5_000 + number))
        return
    TRICKS[number % len(TRICKS)](market, victim, number // len(TRICKS))


# what an honest peer would do


def _limit(market: Market, victim: Trader, number: int) -> None:
    market.cheat.say(victim, Limit(number))


def _agree(market: Market, victim: Trader, number: int) -> None:
    """Agree to what it was offered: the same, or something else."""
    offers = [one for one in market.deals if one.provider == market.cheat.peer]
    offers = [one for one in offers if one.requester == victim.peer]
    if not offers:
        return
    made = offers[number % len(offers)]
    cap = made.terms.price_cap + (number % 7 == 6)
    other = market.deals[number % len(market.deals)].offer
    evidence: tuple[Block, ...] = (made.offer, other)[number % 5 == 4 :][:1]
    market.cheat.say(victim, Agreed(made.cid, cap), evidence)


def _receipt(market: Market, victim: Trader, number: int) -> None:
    """Give a receipt: within what was agreed, over it, or for what its lines are not."""
    found = _held(market, victim, number)
    if found is None:
        return
    made, held = found
    left = held.price_cap - held.applied
    amount = (left // 2, left, left + 1, 1)[number % 4]
    lines = _lines(made, amount, number)
    body = receipt_of(lines)
    if number % 9 == 8:
        body = replace(body, amount=body.amount + 1)
    market.cheat.say(victim, body, (LINES.block(lines),) if number % 11 else ())


def _voucher(market: Market, victim: Trader, number: int) -> None:
    """Give a voucher: the right one, one for less or more, or one that came before."""
    right = next_voucher(market.cheat.channel(victim).theirs)
    if right is None:
        return
    wrong = (
        right,
        right,
        replace(right, total=max(0, right.total - 1)),
        replace(right, total=right.total + 1),
        replace(right, root=ROOT),
        replace(right, count=right.count + 1),
        replace(right, nonce=right.nonce + 1, voucher=Cid.of(DAG_CBOR, b"one")),
    )
    market.cheat.say(victim, wrong[number % len(wrong)])


def _close(market: Market, victim: Trader, number: int) -> None:
    made = market.deals[number % len(market.deals)] if market.deals else None
    if made is not None:
        market.cheat.say(victim, Close(made.cid))


def _dispute(market: Market, victim: Trader, number: int) -> None:
    made = market.deals[number % len(market.deals)] if market.deals else None
    if made is not None:
        market.cheat.say(victim, Dispute(made.cid, Cid.of(RAW, b"step"), "no"))


def _royalty(market: Market, victim: Trader, number: int) -> None:
    block = market.manifest
    made = Block(block.cid, block.data) if number % 3 else LINES.block(_lines(None, 1, 1))
    evidence = (made,) if number % 5 else ()
    market.cheat.say(victim, Royalty(block.cid, block.cid, number + 1, number), evidence)


def _checkpoint(market: Market, victim: Trader, number: int) -> None:
    """Say how it stands, or agree, or say two things under one number."""
    channel = market.cheat.channel(victim)
    signed = channel.mine.signed
    if signed is not None and number % 2:
        market.cheat.say(victim, signed)
        return
    standings = channel.in_order(channel.mine.standing, channel.theirs.standing)
    count = (channel.theirs.signed.number if channel.theirs.signed else 0) + number % 3
    market.cheat.say(victim, Checkpoint(max(1, count), standings, is_final=number % 5 == 4))


def _reset(market: Market, victim: Trader, number: int) -> None:
    channel = market.cheat.channel(victim)
    count = (channel.theirs.signed.number if channel.theirs.signed else 0) + 1
    market.cheat.say(victim, Reset(count, (number % 2, number % 3), "it was paid"))


# what none does


def _fork(market: Market, victim: Trader, number: int) -> None:
    """Sign something else where something was signed."""
    cheat = market.cheat
    if not cheat.log:
        return
    old, _ = cheat.log[number % len(cheat.log)]
    body: Body = Limit(number) if number % 2 else old.body
    entry = replace(old.entry, payload=write_body(body), made_ms=number)
    cheat.tell(victim, cheat.sign_at(entry, body))


def _split(market: Market, victim: Trader, number: int) -> None:
    """Tell one the next entry, under a number that another knows something else by."""
    cheat = market.cheat
    written = cheat.sign(victim, Limit(number))
    others = [one for one in market.traders if cheat.channel(one).theirs.is_open]
    cheat.tell(victim, written)
    for other in others:
        if other is not victim:
            channel = cheat.channel(other)
            entry = replace(written.entry, channel=channel.id, before=channel.theirs.last)
            cheat.tell(other, cheat.sign_at(entry, written.body))


def _again(market: Market, victim: Trader, number: int) -> None:
    """Send what it sent before, there or elsewhere."""
    cheat = market.cheat
    if cheat.letters:
        old = cheat.letters[number % len(cheat.letters)]
        cheat.send(old.to if number % 2 else victim.peer, old.kind, old.body)


def _copied(market: Market, victim: Trader, number: int) -> None:
    """Say what another has signed."""
    rows = market.traders[number % len(market.traders)].shelf.rows
    row = rows[number % len(rows)]
    body = write_entries([Told(row.written.signed, tuple(one.data for one in row.evidence))])
    market.cheat.send(victim.peer, (Kind.ENTRIES, Kind.SHOWN)[number % 2], body)


def forge(market: Market, victim: Trader, number: int) -> None:
    """Send what is no entry."""
    cheat = market.cheat
    written = cheat.sign(victim, Limit(number))
    forged = forgery(written, cheat.signer, number)
    market.forged.add(forged)
    cheat.send(victim.peer, Kind.ENTRIES, write_entries([Told(forged)]))


def _lie(market: Market, victim: Trader, number: int) -> None:
    """Say that it has what there never was."""
    place = Place(number % 3, number, Cid.of(DAG_CBOR, b"%d" % number))
    kind = (Kind.SYNC, Kind.SYNCED)[number % 2]
    market.cheat.send(victim.peer, kind, write_sync(place))


def _garbage(market: Market, victim: Trader, number: int) -> None:
    """Send bytes."""
    kinds = list(Kind)
    market.cheat.send(victim.peer, kinds[number % len(kinds)], number.to_bytes(8, "big"))


def _accuse(market: Market, victim: Trader, number: int) -> None:
    """Say that an honest peer cheats, by whatever it signed, or by what is forged."""
    traders = market.traders
    accused = traders[number % len(traders)]
    rows = [row.written for row in accused.shelf.rows if row.written.author == accused.peer]
    offers = [one.offer.data for one in market.deals if one.requester == accused.peer]
    some = [rows[at % len(rows)] for at in (number, number // 3)]
    evidence = [one.signed for one in sorted(some, key=lambda one: one.id)]
    if number % 3 == 0:
        evidence[0] = forgery(some[0], accused.signer, 0)[:-1] + b"\0"
    what = KINDS[number % len(KINDS)]
    if what == breaches.CAP:
        evidence = [*offers[-1:], *evidence]
    proof = FraudProof(what, accused.peer.key, tuple(evidence))
    market.cheat.send(victim.peer, Kind.PROOF, FRAUD_PROOF.encode(proof))


def _confess(market: Market, victim: Trader, number: int) -> None:
    """Send a proof against itself, of which a signature may not hold."""
    cheat = market.cheat
    one, two = (cheat.sign_at(_at(cheat, victim, at), Limit(at)) for at in (1, 2))
    low, high = sorted((one, two), key=lambda written: written.id)
    signed = bytearray(high.signed)
    signed[-1] ^= number % 3 > 0
    proof = FraudProof(forks.LOG, cheat.peer.key, (low.signed, bytes(signed)))
    cheat.send(victim.peer, Kind.PROOF, FRAUD_PROOF.encode(proof))


def _epoch(market: Market, victim: Trader, number: int) -> None:
    """Begin an epoch, or go back to an earlier one."""
    cheat = market.cheat
    body = Epoch("it was lost")
    if number % 2:
        cheat.epoch += 1
        cheat.sign_at(replace(_at(cheat, victim, 0), channel=None, before=None), body)
    else:
        cheat.epoch = max(0, cheat.epoch - 1)


WORKS: Final[tuple[Trick, ...]] = (_agree,)
TRADES: Final[tuple[Trick, ...]] = (_receipt, _voucher, _receipt, _voucher)
TRICKS: Final[tuple[Trick, ...]] = (
    _limit,
    _agree,
    _agree,
    _agree,
    _receipt,
    _receipt,
    _receipt,
    _receipt,
    _voucher,
    _voucher,
    _voucher,
    _close,
    _dispute,
    _royalty,
    _checkpoint,
    _checkpoint,
    _reset,
    _fork,
    _fork,
    _split,
    _again,
    _copied,
    forge,
    forge,
    _lie,
    _garbage,
    _accuse,
    _accuse,
    _confess,
    _epoch,
)


def _held(market: Market, victim: Trader, number: int) -> tuple[Deal, Held] | None:
    """Return a deal in which the cheat is to pay."""
    held = market.cheat.channel(victim).agreements
    deals = [one for one in market.deals if one.cid in held]
    deals = [one for one in deals if one.requester == market.cheat.peer]
    return (deals[number % len(deals)], held[deals[number % len(deals)].cid]) if deals else None


def _lines(made: Deal | None, amount: int, number: int) -> Lines:
    agreement = made.cid if made else Cid.of(DAG_CBOR, b"none")
    step = Cid.of(DAG_CBOR, b"step %d" % number)
    return Lines(agreement, None, (Line(step, None, "ran", 1, 1, amount, 0, amount),))


def _at(cheat: Cheat, victim: Trader, limit: int) -> Entry:
    """Return the place of an entry that is told nobody, under a number of its own."""
    written = cheat.sign(victim, Limit(limit))
    cheat.count = written.entry.number
    return replace(written.entry, made_ms=limit)
