"""Invariants: what must never happen to a ledger, whoever trades, crashes or cheats.

Those that can be seen as it happens: of each row that a peer wrote since they were looked at last.
What is to be seen in the end is in outcome.py.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from engine import merkle
from engine.content.cid import Cid
from engine.content.schema import kind_of
from engine.errors import Damaged
from engine.step import ATTESTATION, SIGNED
from peers import breaches, royalty
from peers.agreement import BATCH
from peers.credits import Credits
from peers.entries import Agreed, Close, Receipt, Reset, Royalty, Voucher
from peers.entry import ENTRY, MAX_BYTES, NETWORK, Entry, read
from peers.identity import PeerId
from peers.proofs import FraudProof, check
from peers.receipts import LINES, Line
from peers.signed import unseal
from tests.simulation.credit.labour import PAID, Deal
from tests.simulation.credit.market import Market, Took
from tests.simulation.credit.sums import Stand
from tests.simulation.promises import Broken

Invariant = Callable[[Market], None]


def _hold(holds: object, what: str) -> None:
    if not holds:
        raise Broken(what)


def i01_one_entry_in_one_place(market: Market) -> None:
    """I1: two different ids signed at one (epoch, seq)."""
    for took in market.fresh:
        if took.is_own:
            entry = took.written.entry
            ids = market.places[took.trader.peer, entry.epoch, entry.number]
            _hold(len(ids) == 1, f"I1 {took.trader.number} signed two entries in {entry.number}")


def i02_totals_never_fall(market: Market) -> None:
    """I2: cum decreases in any lane; there is one of each direction."""
    for took, body in _vouchers(market):
        covered = took.covered
        _hold(covered and body.total >= covered.total_before, "I2 a total has fallen")
        _hold(covered and body.nonce == covered.nonce_before + 1, "I2 a voucher is left out")


def i03_nobody_owes_over_its_limit(market: Market) -> None:
    """I3: net debt > granted limit, with what is reserved; at each moment at which more is lent."""
    for took, was, now in _moves(market):
        is_past = took.written.entry.epoch < took.after.epoch  # what freed its room may be lost
        if isinstance(took.written.body, Agreed) and took.is_own:
            _hold(
                is_past or now.exposure <= now.limit,
                f"I3 {now.exposure} may be owed over {now.limit}",
            )
        elif now.exposure > was.exposure:
            _hold(_is_late(took), "I3 more is owed than was agreed")


def _is_late(took: Took) -> bool:
    """Return whether it is a receipt that was not waited for any more, or all agree to owe more."""
    return isinstance(took.written.body, Receipt | Reset)


def i05_a_voucher_covers_what_has_none(market: Market) -> None:
    """I5: receipt counted in two vouchers, or voucher root not covering its n_receipts."""
    for took, body in _vouchers(market):
        assert took.covered is not None
        ids, amount, before, _, are_new = took.covered
        _hold(are_new, "I5 a receipt is counted in two vouchers")
        _hold(body.count == len(ids), "I5 a voucher is for another number of receipts")
        _hold(body.root == merkle.root([one.raw for one in ids]), "I5 a voucher is for others")
        _hold(body.total == before + amount, "I5 a voucher is not for what it covers")


def i06_shares_are_the_pool(market: Market) -> None:
    """I6: sum of royalty shares + provider share != debit."""
    for took in market.fresh:
        body = took.written.body
        if isinstance(body, Receipt):
            lines = _lines(took)
            _hold(sum(line.amount for line in lines) == body.amount, "I6 lines are not the debit")
        elif isinstance(body, Close) and took.is_own and not took.after.epoch:
            for pool, shares in _shares(took, body.agreement).values():
                _hold(sum(shares.values()) == pool, f"I6 {shares} is not {pool}")


def _shares(took: Took, agreement: Cid) -> dict[Cid, tuple[int, dict[PeerId, int]]]:
    """Return what was entered for the authors of each manifest, with what falls to the payer."""
    found: dict[Cid, tuple[int, dict[PeerId, int]]] = {}
    for row in took.trader.shelf.rows:
        body, me = row.written.body, took.trader.peer
        if isinstance(body, Royalty) and row.written.author == me and body.agreement == agreement:
            manifest = royalty.opened(row.evidence[0].data).value
            whole = royalty.split(manifest, {}, Credits(body.pool))
            pool, shares = found.setdefault(body.manifest, (body.pool, {}))
            shares[me] = whole.get(me.key, 0)
            channel = took.after.channels[row.written.entry.channel or b""]
            _hold(channel.peer not in shares, "I6 an author got two shares")
            _hold(pool == body.pool, "I6 one pool has two sums")
            shares[channel.peer] = body.amount
    return found


def i07_what_is_reserved_is_applied_or_released(market: Market) -> None:
    """I7: reserved != applied + released."""
    for took, _, now in _moves(market):
        channel = took.channels()[1]
        for peer, reserved in now.reserved.items():
            held = channel.reserved(peer) if channel else 0
            _hold(held == reserved, f"I7 {held} is set aside where {reserved} is left")
        _hold(now.is_within, "I7 more came than was agreed")


def i08_nobody_else_makes_me_owe(market: Market) -> None:
    """I8: payment received makes me owe; but for a reset that I have signed."""
    for took in market.fresh:
        before, after = took.channels()
        if not took.is_own and after is not None:
            was, now = before.mine.debt if before else 0, after.mine.debt
            body = took.written.body
            is_reset = isinstance(body, Reset) and body == after.mine.signed
            _hold(now == was or is_reset, "I8 what another signed made me owe")


def i10_what_is_acknowledged_is_durable(market: Market) -> None:
    """I10: kill -9 at any syscall -> either the entry exists and gets (re)sent, or never left."""
    for trader, place in market.acks:
        _hold(place.id in trader.shelf.ids, "I10 what is not written was acknowledged")


def i14_nothing_is_paid_for_nothing(market: Market) -> None:
    """I14: charged for EXPIRED/FAILED_INFRA."""
    for deal, line in _paid(market):
        fate = deal.fates.get(line.step)
        _hold(fate in PAID, f"I14 what is {fate} is paid")
        _hold(fate in PAID and PAID[fate].value == line.outcome, f"I14 {fate} is {line.outcome}")


def i15_only_what_is_attested_is_paid(market: Market) -> None:
    """I15: pay without a signed attestation; of the provider, under the agreement."""
    for deal, line in _paid(market):
        word = deal.words[line.step]
        batch = unseal(BATCH, word.signed)
        _hold(batch.signer == deal.provider, "I15 another gave its word")
        _hold(batch.value.agreement == deal.cid, "I15 it is of another agreement")
        _hold(batch.value.root == merkle.root([word.said.leaf]), "I15 it is in no batch")


def i16_a_line_is_of_the_step_that_was_run(market: Market) -> None:
    """I16: a step is billed only when the attestation in its batch is for that step key."""
    for deal, line in _paid(market):
        _, record = deal.words[line.step].records
        _hold(record.cid == line.attestation, "I16 another attestation is paid")
        _hold(ATTESTATION.decode(record.data).step == line.step, "I16 another step was run")


def i19_what_is_malformed_is_not_taken(market: Market) -> None:
    """I19: unknown kind/oversize/non-canonical CBOR accepted; decode of encode != identity."""
    for took in market.fresh:
        written, entry = took.written, took.written.entry
        _hold(_is_entry(entry), "I19 what is no entry is taken")
        sealed = SIGNED.decode(written.signed)
        _hold(written.signed not in market.forged, "I19 what was forged is taken")
        _hold(SIGNED.encode(sealed) == written.signed, "I19 it is written in two ways")
        _hold(ENTRY.encode(entry) == sealed.payload, "I19 what is read is not what was signed")
        kind = f"tallystick/{type(written.body).__name__.lower()}/1"
        _hold(kind_of(entry.payload) == kind, f"I19 a {kind_of(entry.payload)} is taken")
        is_ours = entry.network == NETWORK and len(written.signed) <= MAX_BYTES
        _hold(is_ours, "I19 it is of another network, or too large")


def _is_entry(entry: Entry) -> bool:
    try:
        ENTRY.encode(entry)
    except ValueError:
        return False
    return True


def i20_the_log_gives_the_balances(market: Market) -> None:
    """I20: balances(replay(log)) != stored balances."""
    for trader in {took.trader.number: took.trader for took in market.fresh}.values():
        if not trader.unwritten:
            _hold(trader.replayed == trader.ledger, "I20 the log gives another ledger")
    for took, _, now in _moves(market):
        channel = took.channels()[1]
        for peer in now.debts if channel else ():
            counted = now.totals[peer], now.debts[peer]
            held = channel.side(peer).total, channel.side(peer).debt
            _hold(counted == held, f"I20 {held} is held where {counted} was signed")


def i21_a_proof_is_signed_and_cancels_no_debt(market: Market) -> None:
    """I21: fraud proof accepted without valid signatures, or that removes a debt."""
    for trader in market.traders:
        for proof, before, after in trader.proofs:
            _hold(before == after, "I21 a proof has cancelled a debt")
            _hold(_convicts(market, proof), "I21 what does not convict was believed")


def _convicts(market: Market, proof: FraudProof) -> bool:
    try:
        return check(proof) == market.cheat.peer == _signer(proof)
    except Damaged:
        return False


def _signer(proof: FraudProof) -> PeerId:
    """Return who signed the entries of a proof; an offer, or lines, go with some."""
    entries = proof.evidence
    if proof.what == breaches.CAP:
        entries = entries[1:]
    elif proof.what == breaches.RECEIPT:
        entries = entries[:1]
    (signer,) = {read(one).author for one in entries}
    return signer


def i22_nothing_is_paid_twice(market: Market) -> None:
    """I22: lane merge pays twice; there is one lane, so: all receipts together are the debt."""
    for took, _, now in _moves(market):
        channel = took.channels()[1]
        for peer, ever in now.ever.items() if channel else ():
            _hold(channel.side(peer).debt == ever, "I22 something is owed twice, or lost")
    for took in market.fresh:
        if isinstance(took.written.body, Receipt) and took.is_own:
            _hold(_is_first(took), "I22 a step is paid twice")


def _is_first(took: Took) -> bool:
    """Return whether no line of a receipt was in one before."""
    rows, body = took.trader.shelf.rows, took.written.body
    assert isinstance(body, Receipt)
    steps = [
        line.step
        for row in rows
        if isinstance(row.written.body, Receipt) and row.written.author == took.trader.peer
        if row.written.body.agreement == body.agreement
        for line in LINES.decode(row.evidence[0].data).lines
    ]
    return len(set(steps)) == len(steps)


STEADY: Final[tuple[Invariant, ...]] = (
    i01_one_entry_in_one_place,
    i02_totals_never_fall,
    i03_nobody_owes_over_its_limit,
    i05_a_voucher_covers_what_has_none,
    i06_shares_are_the_pool,
    i07_what_is_reserved_is_applied_or_released,
    i08_nobody_else_makes_me_owe,
    i10_what_is_acknowledged_is_durable,
    i14_nothing_is_paid_for_nothing,
    i15_only_what_is_attested_is_paid,
    i16_a_line_is_of_the_step_that_was_run,
    i19_what_is_malformed_is_not_taken,
    i20_the_log_gives_the_balances,
    i21_a_proof_is_signed_and_cancels_no_debt,
    i22_nothing_is_paid_twice,
)


def look(market: Market, at: Sequence[Invariant] = STEADY) -> None:
    """Look at all of that which is new."""
    for invariant in at:
        invariant(market)
    market.fresh.clear()
    market.acks.clear()


def _moves(market: Market) -> Iterator[tuple[Took, Stand, Stand]]:
    """Yield what was taken in channels."""
    for took in market.fresh:
        if took.was is not None and took.now is not None:
            yield took, took.was, took.now


def _vouchers(market: Market) -> Iterator[tuple[Took, Voucher]]:
    for took in market.fresh:
        if isinstance(took.written.body, Voucher):
            yield took, took.written.body


def _lines(took: Took) -> tuple[Line, ...]:
    return LINES.decode(took.row.evidence[0].data).lines


def _paid(market: Market) -> Iterator[tuple[Deal, Line]]:
    """Yield what honest peers pay for."""
    deals = {deal.cid: deal for deal in market.deals}
    for took in market.fresh:
        body = took.written.body
        if isinstance(body, Receipt) and took.is_own:
            for line in _lines(took) if body.agreement in deals else ():
                yield deals[body.agreement], line
