"""Settlement: two peers sign how they stand, end a channel, and settle what people agreed on."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import Refused
from peers.channel import Channel
from peers.entries import Agreed, Checkpoint, Close, Limit, Open, Receipt, Reset
from peers.settlement import Settlement
from peers.settling import (
    EVERY,
    FEW,
    answer,
    asked_reset,
    balance_after,
    ending,
    own_reset,
    proposal,
    refusal,
)
from tests.peers.banks import Bank, until
from tests.peers.ledgers import ROOT, Keeper, named, opened, work


@pytest.fixture
def banks(tmp_path: Path) -> Iterator[tuple[Bank, Bank]]:
    """Return two peers with ledgers who know each other, and lend each other something."""
    one, two = Bank(1, tmp_path / "one"), Bank(2, tmp_path / "two")
    one.meet(two)
    until(lambda: two.lines.control(one.peer), one, two)
    one.treasury.enter(two.peer, Open(two.peer.key, 0, 1_000))
    two.treasury.enter(one.peer, Open(one.peer.key, 0, 1_000))
    until(lambda: one.treasury.account(two.peer).theirs.is_open, one, two)
    yield one, two
    one.close()
    two.close()


def settlements(banks: tuple[Bank, Bank]) -> tuple[Settlement, Settlement]:
    """Return what settles for each."""
    one, two = banks
    return one.settlement, two.settlement


def _by_key(one: Keeper, two: Keeper) -> tuple[Keeper, Keeper]:
    return (one, two) if one.peer < two.peer else (two, one)


def _busy() -> tuple[Keeper, Keeper, Channel]:
    """Return two peers of whom the lower key has signed many vouchers."""
    low, high = _by_key(*opened(limit=10**6))
    agreement = work(low, high, 10**5)
    for _ in range(EVERY):
        low.say(Receipt(agreement, ROOT, 1, 1), high)
        low.pay(high)
    return low, high, low.channel(high)


def test_few_channels_end_in_which_nothing_was_owed() -> None:
    """Each is kept for ever, and costs who opens it nothing."""
    one, two = Keeper(1), Keeper(2)
    for generation in range(FEW + 1):
        one.say(Open(two.peer.key, generation, 10), two)
        two.say(Open(one.peer.key, generation, 10), one)
        body = ending(one.channel(two))
        one.say(body, two)
        said = answer(two.channel(one))
        assert said is not None
        assert said.is_final == (generation < FEW)
        two.say(said, one)


def test_a_checkpoint_is_due_after_many_vouchers_when_all_is_quiet() -> None:
    """The lower key proposes it; with work under way it waits."""
    low, high, account = _busy()
    assert proposal(account) is None
    (agreement,) = account.agreements
    low.say(Close(agreement), high)
    assert proposal(high.channel(low)) is None
    body = proposal(low.channel(high))
    assert body is not None
    low.say(body, high)
    assert proposal(low.channel(high)) is None
    said = answer(high.channel(low))
    assert said == body
    high.say(body, low)
    assert low.channel(high).checkpoint == high.channel(low).checkpoint == body
    assert proposal(low.channel(high)) is None


def test_an_end_that_is_none_here_is_answered_by_how_things_are() -> None:
    """Who has agreed to work meanwhile signs a checkpoint that ends nothing."""
    one, two = opened()
    standings = one.channel(two).in_order(
        one.channel(two).mine.standing, one.channel(two).theirs.standing
    )
    end = one.write(Checkpoint(1, standings, is_final=True), two)
    two.take(two.write(Agreed(named("run"), 10), one))
    two.take(end)
    reply = answer(two.channel(one))
    assert reply is not None
    assert (reply.is_final, reply.number) == (False, 2)


def test_a_channel_ends_when_both_say_so(banks: tuple[Bank, Bank]) -> None:
    """At zero; what comes later is in another."""
    one, two = banks
    ends, _ = settlements(banks)
    ends.end(two.peer)
    until(lambda: two.treasury.account(one.peer).generation == 1, one, two)
    until(lambda: one.treasury.account(two.peer).generation == 1, one, two)


def test_a_channel_does_not_end_while_somebody_owes(banks: tuple[Bank, Bank]) -> None:
    """It says what the balance is; and a reset that both sign makes it zero."""
    one, two = banks
    asks, answers = settlements(banks)
    asks.propose(two.peer, 70, "she fixed the roof")
    until(lambda: asked_reset(two.treasury.account(one.peer)), one, two)
    asked = asked_reset(two.treasury.account(one.peer))
    assert asked is not None
    assert balance_after(two.treasury.account(one.peer), asked) == -70
    assert one.balance(two) == 0
    with pytest.raises(Refused, match="has not answered"):
        asks.propose(two.peer, 80, "and the door")
    answers.accept(one.peer)
    until(lambda: one.balance(two) == 70 and two.balance(one) == -70, one, two)
    with pytest.raises(Refused, match=r"the balance is 0\.00007 credits"):
        asks.end(two.peer)
    with pytest.raises(Refused, match="asks for no reset"):
        answers.accept(one.peer)


def test_a_reset_that_is_refused_changes_nothing_and_another_may_be_asked_for(
    banks: tuple[Bank, Bank],
) -> None:
    """The other side signs how it stands, to which who asked agrees by itself."""
    one, two = banks
    asks, answers = settlements(banks)
    asks.propose(two.peer, 7_000, "a typo")
    until(lambda: asked_reset(two.treasury.account(one.peer)), one, two)
    answers.refuse(one.peer)
    until(lambda: own_reset(one.treasury.account(two.peer)) is None, one, two)
    asks.propose(two.peer, 70, "she fixed the roof")
    until(lambda: asked_reset(two.treasury.account(one.peer)), one, two)
    answers.accept(one.peer, -70)
    until(lambda: one.balance(two) == 70 and two.balance(one) == -70, one, two)
    for act in (answers.accept, answers.refuse):
        with pytest.raises(Refused, match="asks for no reset"):
            act(one.peer)


def test_another_amount_than_is_asked_for_is_not_accepted(banks: tuple[Bank, Bank]) -> None:
    """Who says what it expects signs nothing else; and whoever asks has to say why."""
    one, two = banks
    asks, answers = settlements(banks)
    for reason in ("", " ", "x" * 201):
        with pytest.raises(Refused, match="a reason has 1 to 200 characters"):
            asks.propose(two.peer, 70, reason)
    asks.propose(two.peer, 70, "she fixed the roof")
    until(lambda: asked_reset(two.treasury.account(one.peer)), one, two)
    with pytest.raises(Refused, match=r"a balance of -0\.00007 credits, not 0\.00007 credits"):
        answers.accept(one.peer, 70)
    assert asked_reset(two.treasury.account(one.peer))


def test_what_is_owed_without_a_voucher_is_vouched_for_before_a_refusal() -> None:
    """A checkpoint is not how its author stands while something has no voucher."""
    one, two = opened()
    agreement = work(two, one, 100, 10)
    one.say(Reset(1, (5, 0), "a typo"), two)
    with pytest.raises(Refused, match="no voucher yet"):
        refusal(two.channel(one))
    two.pay(one)
    two.say(refusal(two.channel(one)), one)
    assert own_reset(one.channel(two)) is None
    assert agreement in one.channel(two).agreements


def test_no_channel_is_ended_twice_or_while_something_is_not_answered(
    banks: tuple[Bank, Bank],
) -> None:
    """It is said what it is, and nothing is signed for it, nor lent meanwhile."""
    one, two = banks
    asks, _ = settlements(banks)
    asks.propose(two.peer, 70, "she fixed the roof")
    with pytest.raises(
        Refused, match=r"for a balance of 0\.00007 credits, and it has not answered"
    ):
        asks.end(two.peer)
    until(lambda: asked_reset(two.treasury.account(one.peer)), one, two)
    settlements(banks)[1].refuse(one.peer)
    until(lambda: own_reset(one.treasury.account(two.peer)) is None, one, two)
    asks.end(two.peer)
    with pytest.raises(Refused, match="has not answered the end of the channel"):
        asks.end(two.peer)
    with pytest.raises(Refused, match="you have ended the channel"):
        one.credit.grant(two.peer, 5)
    until(lambda: one.treasury.account(two.peer).generation == 1, one, two)
    with pytest.raises(Refused, match="has ended, and nothing was traded since then"):
        asks.end(two.peer)


@pytest.mark.parametrize("is_restored", [False, True])
def test_an_end_is_answered_by_whoever_was_stopped_before(
    banks: tuple[Bank, Bank], *, is_restored: bool
) -> None:
    """At its next start, or once the other is heard, where that comes first."""
    one, two = banks
    two.treasury.heard.remove(two.settlement._heard)  # it is stopped just then
    one.settlement.end(two.peer)
    until(lambda: two.treasury.account(one.peer).unanswered(one.peer), one, two)
    two.close()
    two.close = lambda: None  # type: ignore[method-assign]
    if is_restored:
        ledger = two.home / "ledger.db"
        shutil.copy(ledger, two.home / "copy")
        (two.home / "copy").replace(ledger)
    again = Bank(2, two.home)
    try:
        assert again.treasury.account(one.peer).generation == (not is_restored)
        one.meet(again)
        until(lambda: one.treasury.account(again.peer).generation == 1, one, again)
        assert one.treasury.may_sign(again.peer)
    finally:
        again.close()


def test_whose_end_is_not_answered_is_told_so(banks: tuple[Bank, Bank]) -> None:
    """It asks for work in a channel that ends: that has nothing to do with a restored ledger."""
    one, two = banks
    one.settlement.end(two.peer)
    objection = one.credit.objection(two.peer, named("run"), 6)
    assert objection == "this peer has ended its channel with you, and waits for your answer"


def test_a_limit_that_was_set_outlives_the_channel(banks: tuple[Bank, Bank]) -> None:
    """Also when the peer ends it, and again, whether or not this side had opened it."""
    one, two = banks
    one.credit.grant(two.peer, 5)
    until(lambda: two.treasury.account(one.peer).theirs.is_fixed, one, two)
    for generation in (1, 2, 3):
        two.settlement.end(one.peer)
        until(lambda: len(_lent(two, one)) == generation, one, two)  # noqa: B023
        assert one.credit.room(two.peer) == 5
        assert "you may owe 0.000005 credits" in one.credit.objection(two.peer, named("run"), 6)
        two.treasury.enter(one.peer, Open(one.peer.key, generation, 1_000))
        if generation == 1:
            one.payments._open(two.peer)
            until(lambda: two.treasury.account(one.peer).theirs.is_fixed, one, two)
    assert _lent(one, two) == [(5, True), (5, True), (0, False)]


def test_a_limit_that_was_set_is_lent_by_whatever_opens_the_next_channel(
    banks: tuple[Bank, Bank],
) -> None:
    """Also where the peer has said how it stands, or asks for a reset, before that."""
    one, two = banks
    one.credit.grant(two.peer, 5)
    until(lambda: two.treasury.account(one.peer).theirs.is_fixed, one, two)
    two.settlement.end(one.peer)
    until(lambda: _lent(two, one), one, two)
    two.treasury.enter(one.peer, Open(one.peer.key, 1, 1_000))
    account = two.treasury.account(one.peer)
    standings = account.in_order(account.mine.standing, account.theirs.standing)
    two.treasury.enter(one.peer, Checkpoint(1, standings, is_final=False))
    until(lambda: two.treasury.account(one.peer).theirs.is_fixed, one, two)
    two.settlement.end(one.peer)
    until(lambda: len(_lent(two, one)) == 2, one, two)
    two.treasury.enter(one.peer, Open(one.peer.key, 2, 1_000))
    two.treasury.enter(one.peer, Reset(1, (5, 0), "a typo"))
    until(lambda: asked_reset(one.treasury.account(two.peer)), one, two)
    one.settlement.refuse(two.peer)
    until(lambda: two.treasury.account(one.peer).theirs.is_fixed, one, two)
    until(lambda: own_reset(two.treasury.account(one.peer)) is None, one, two)
    assert one.treasury.account(two.peer).mine.limit == 5
    assert not {"blamed", "not signed"} & {*one.said, *two.said}


def _lent(one: Bank, two: Bank) -> list[tuple[int, bool]]:
    """Return what one has lent another in each channel that has ended."""
    channels = [each for each in one.treasury.ledger.with_peer(two.peer) if each.is_over]
    return [(each.mine.limit, each.mine.is_fixed) for each in channels]


def test_who_lends_nothing_agrees_to_an_end(banks: tuple[Bank, Bank]) -> None:
    """It opens its side first, which lends nothing either."""
    one, two = banks
    asks, _ = settlements(banks)
    asks.end(two.peer)
    until(lambda: one.treasury.account(two.peer).generation == 1, one, two)
    one.treasury.enter(two.peer, Open(two.peer.key, 1, 1_000))
    asks.end(two.peer)
    until(lambda: two.treasury.account(one.peer).generation == 2, one, two)
    assert not {"blamed"} & {*one.said, *two.said}


def test_what_an_owner_has_set_is_lent_again_before_a_word_is_said(
    banks: tuple[Bank, Bank],
) -> None:
    """A run counts with it though the channel has ended; without, with what a newcomer is lent."""
    one, two = banks
    two.treasury.enter(one.peer, Limit(7_000, is_fixed=True))
    until(lambda: one.treasury.account(two.peer).theirs.is_fixed, one, two)
    one.settlement.end(two.peer)
    until(lambda: one.treasury.account(two.peer).generation, one, two)
    until(lambda: two.treasury.account(one.peer).generation, one, two)
    assert one.payments.room(two.peer, 1_000) == two.credit.room(one.peer) == 7_000
    assert two.payments.room(one.peer, 1_000) == 1_000
