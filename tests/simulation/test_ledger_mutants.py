"""Each invariant of ledgers is seen to break: the program is changed, and what looks finds it."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from engine.content.cid import Cid
from engine.content.schema import Record
from engine.values import replace
from peers import (
    channel,
    clearing,
    entry,
    forks,
    payment_history,
    prices,
    receipts,
    royalties,
    teller,
    testimony,
)
from peers.channel import Channel
from peers.clearing import next_voucher
from peers.credits import Credits
from peers.entries import Receipt, Royalty, Voucher
from peers.entry import Written
from peers.identity import PeerId
from peers.prices import Outcome
from peers.proofs import FraudProof
from peers.royalty import Manifest
from peers.royalty import split as split_exactly
from peers.teller import Teller
from peers.teller_events import Action
from tests.simulation.credit import invariants, labour, outcome, trader
from tests.simulation.credit.invariants import Invariant
from tests.simulation.credit.outcome import FINAL
from tests.simulation.credit.story import tell
from tests.simulation.promises import Broken

SEEDS = range(1, 60)  # stories in which it is looked for
STEPS = 50

Patch = pytest.MonkeyPatch
Handler = Callable[[Channel, PeerId, Written], Channel]


class Mutant(NamedTuple):
    """A change, and what is to see it."""

    name: str  # what the program does wrong
    invariant: Invariant
    change: Callable[[Patch], None]


def _handler(patch: Patch, kind: type, handler: Handler) -> None:
    patch.setitem(clearing._HANDLERS, kind, handler)


def _i01_an_epoch_is_begun_twice(patch: Patch) -> None:
    patch.setattr(teller, "epoch_after", lambda latest, now_ms: latest + 1)


def _i02_any_voucher_is_taken(patch: Patch) -> None:
    def on_voucher(channel: Channel, author: PeerId, written: Written) -> Channel:
        body: Voucher = written.body  # type: ignore[assignment]
        side = channel.side(author)
        after = replace(side, total=body.total, nonce=body.nonce, voucher=written.id)
        return clearing._with(channel, author, replace(after, pending=(), owed=0))

    _handler(patch, Voucher, on_voucher)


def _i03_what_is_reserved_is_lent_again(patch: Patch) -> None:
    def exposure(self: Channel) -> int:
        return self.theirs.debt - self.theirs.given - self.mine.debt

    patch.setattr(Channel, "exposure", property(exposure))


def _i04_royalties_are_left_out_of_the_balance(patch: Patch) -> None:
    def balance(self: Channel) -> int:
        return self.theirs.total - self.theirs.given - self.mine.total

    patch.setattr(Channel, "balance", property(balance))


def _i05_a_voucher_leaves_one_receipt_out(patch: Patch) -> None:
    def voucher(side: channel.Side) -> Voucher | None:
        return next_voucher(replace(side, pending=side.pending[:1]))

    for module in (clearing, outcome, *_users()):
        patch.setattr(module, "next_voucher", voucher)


def _users() -> Iterator[Any]:
    from peers import payments

    yield payments


def _i06_what_is_left_of_a_pool_is_lost(patch: Patch) -> None:
    def split(manifest: Manifest, parents: Any, amount: Credits) -> dict[bytes, Credits]:
        return split_exactly(manifest, parents, Credits(max(0, amount - 1)))

    patch.setattr(royalties, "split", split)


def _i07_a_receipt_leaves_all_reserved(patch: Patch) -> None:
    real = clearing._on_receipt

    def on_receipt(channel: Channel, author: PeerId, written: Written) -> Channel:
        return replace(real(channel, author, written), agreements=channel.agreements)

    _handler(patch, Receipt, on_receipt)


def _i08_who_is_paid_owes_one_more(patch: Patch) -> None:
    real = clearing._on_voucher

    def on_voucher(channel: Channel, author: PeerId, written: Written) -> Channel:
        after = real(channel, author, written)
        if author == channel.me:
            return after
        return replace(after, mine=replace(after.mine, total=after.mine.total + 1))

    _handler(patch, Voucher, on_voucher)


def _i09_a_voucher_does_not_wait_for_a_reset(patch: Patch) -> None:
    patch.setattr(Channel, "is_resetting", lambda self, author: False)


def _i10_answers_do_not_wait_for_the_disk(patch: Patch) -> None:
    def at_once(self: Teller, action: Action) -> None:
        self._actions.append(action)

    patch.setattr(Teller, "_when_saved", at_once)


def _i10_a_new_line_is_not_asked_what_it_has(patch: Patch) -> None:
    real = Teller.opened

    def opened(self: Teller, peer: PeerId) -> None:
        acked = self._line(peer).acked
        real(self, peer)
        if acked is not None:
            list(self.actions())
            self._line(peer).is_asked = True

    patch.setattr(Teller, "opened", opened)


def _i11_a_restored_peer_signs_before_it_hears(patch: Patch) -> None:
    patch.setattr(Teller, "_is_sure", lambda self, peer: True)


def _i12_forks_of_a_log_are_overlooked(patch: Patch) -> None:
    patch.setitem(forks._CONFLICTS, forks.LOG, lambda one, two: False)


def _i14_a_failure_is_paid_as_a_result(patch: Patch) -> None:
    real = prices.charge

    def charge(asked: prices.Prices, of: Outcome, usage: prices.Usage) -> Credits:
        return real(asked, Outcome.RAN if of is Outcome.NOTHING else of, usage)

    patch.setattr(receipts, "charge", charge)


def _i15_a_batch_is_not_checked(patch: Patch) -> None:
    patch.setattr(labour, "check_batch", lambda agreement, batch, said: None)


def _i16_records_are_not_checked(patch: Patch) -> None:
    patch.setattr(testimony, "_objection", lambda *_: None)


def _i17_a_channel_never_may_end(patch: Patch) -> None:
    patch.setattr(Channel, "may_end", property(lambda self: False))


def _i19_what_an_entry_says_is_not_checked(patch: Patch) -> None:
    patch.setattr(entry, "ENTRY", Record(entry.ENTRY.kind, entry.Entry))


def _i20_a_royalty_counts_twice(patch: Patch) -> None:
    real = clearing._on_royalty

    def on_royalty(channel: Channel, author: PeerId, written: Written) -> Channel:
        after = real(channel, author, written)
        body: Royalty = written.body  # type: ignore[assignment]
        side = after.side(author)
        return clearing._with(after, author, replace(side, owed=side.owed + body.amount))

    _handler(patch, Royalty, on_royalty)


def _i21_a_proof_is_believed_unseen(patch: Patch) -> None:
    def check(proof: FraudProof) -> PeerId:
        return PeerId(proof.convict)

    patch.setattr(trader, "check", check)


def _i22_what_was_paid_is_paid_again(patch: Patch) -> None:
    def paid(book: object, agreement: Cid) -> Iterator[tuple[Cid, Cid | None]]:
        return iter(())

    patch.setattr(payment_history, "paid", paid)


MUTANTS = tuple(
    Mutant(change.__name__[1:], seen, change)
    for change, seen in (
        (_i01_an_epoch_is_begun_twice, invariants.i01_one_entry_in_one_place),
        (_i02_any_voucher_is_taken, invariants.i02_totals_never_fall),
        (_i03_what_is_reserved_is_lent_again, invariants.i03_nobody_owes_over_its_limit),
        (_i04_royalties_are_left_out_of_the_balance, outcome.i04_the_sum_of_all_is_nothing),
        (_i05_a_voucher_leaves_one_receipt_out, invariants.i05_a_voucher_covers_what_has_none),
        (_i06_what_is_left_of_a_pool_is_lost, invariants.i06_shares_are_the_pool),
        (
            _i07_a_receipt_leaves_all_reserved,
            invariants.i07_what_is_reserved_is_applied_or_released,
        ),
        (_i08_who_is_paid_owes_one_more, invariants.i08_nobody_else_makes_me_owe),
        (_i09_a_voucher_does_not_wait_for_a_reset, outcome.i09_both_sides_come_to_the_same),
        (_i10_answers_do_not_wait_for_the_disk, invariants.i10_what_is_acknowledged_is_durable),
        (_i10_a_new_line_is_not_asked_what_it_has, outcome.i10_what_is_written_is_said),
        (_i11_a_restored_peer_signs_before_it_hears, outcome.i11_nobody_honest_is_convicted),
        (_i12_forks_of_a_log_are_overlooked, outcome.i12_every_fork_is_convicted),
        (_i14_a_failure_is_paid_as_a_result, invariants.i14_nothing_is_paid_for_nothing),
        (_i15_a_batch_is_not_checked, invariants.i15_only_what_is_attested_is_paid),
        (_i16_records_are_not_checked, invariants.i16_a_line_is_of_the_step_that_was_run),
        (_i17_a_channel_never_may_end, outcome.i17_a_channel_ends_at_nothing),
        (_i19_what_an_entry_says_is_not_checked, invariants.i19_what_is_malformed_is_not_taken),
        (_i20_a_royalty_counts_twice, invariants.i20_the_log_gives_the_balances),
        (_i21_a_proof_is_believed_unseen, invariants.i21_a_proof_is_signed_and_cancels_no_debt),
        (_i22_what_was_paid_is_paid_again, invariants.i22_nothing_is_paid_twice),
    )
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_is_wrong_is_seen(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the invariant that says so, looked at alone; what else goes wrong is not looked at."""
    mutant.change(monkeypatch)
    assert any(_is_seen(mutant.invariant, seed) for seed in SEEDS)


def _is_seen(invariant: Invariant, seed: int) -> bool:
    is_final = invariant in FINAL
    steady = () if is_final else (invariant,)
    try:
        tell(seed, STEPS, steady=steady, final=(invariant,) if is_final else ())
    except Broken as broken:
        return str(broken).startswith(f"I{int(invariant.__name__[1:3])} ")
    except Exception:  # a program that is wrong ends in many ways
        return False
    return False
