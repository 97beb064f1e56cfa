"""Settlement: two peers sign how they stand, end a channel, and settle what people agreed on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import Refused
from peers.channel import Channel
from peers.entries import Agreed, Checkpoint, Close, Open, Receipt
from peers.settlement import Settlement
from peers.settling import EVERY, answer, asked_reset, balance_after, proposal
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
    with pytest.raises(Refused, match="not answered"):
        asks.propose(two.peer, 80, "and the door")
    answers.accept(one.peer)
    until(lambda: one.balance(two) == 70 and two.balance(one) == -70, one, two)
    with pytest.raises(Refused, match=r"the balance is 0\.00007 credits"):
        asks.end(two.peer)
    with pytest.raises(Refused, match="asks for no reset"):
        answers.accept(one.peer)


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
