"""What others may owe: less after work that was left unpaid, and a bound for all strangers."""

from collections.abc import Callable
from functools import partial

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.errors import Refused
from peers.agreement import OFFER, Agreement
from peers.credit_line import CLOSED, FORGIVEN, CreditLine
from peers.limits import Policy
from peers.payments import Bill
from peers.prices import Outcome, Usage
from peers.receipts import Line
from peers.royalties import NOBODY
from peers.signed import unseal
from tests.peers.banks import Bank, until
from tests.peers.bills import offered

STRANGERS = 1_500
BATCH = Cid.of(RAW, b"batch")
Opened = Callable[[int], Bank]


@pytest.fixture
def two(opened: Opened) -> tuple[Bank, Bank]:
    """Return a requester and a provider who are connected."""
    requester, provider = opened(1), opened(2)
    requester.meet(provider)
    until(lambda: provider.lines.control(requester.peer), requester, provider)
    return requester, provider


def nothing(*_: object) -> None:
    """Do nothing more."""


def agree(requester: Bank, provider: Bank, cap: int, name: str = "run") -> Agreement:
    """Have a provider take an offer."""
    offer: Block = offered(requester.identity, provider.peer.key, cap, name)
    requester.payments.begin(provider.peer, offer.cid, nothing)
    provider.credit.agree(requester.peer, offer, cap, nothing)
    return Agreement(offer.cid, unseal(OFFER, offer.data).value)


def pay(requester: Bank, provider: Bank, agreement: Agreement, amount: int) -> None:
    """Pay for one step."""
    line = Line(Cid.of(RAW, b"step"), None, "ran", 1, 0, amount, 0, amount)
    requester.payments.bill(provider.peer, Bill(agreement.cid, BATCH, (line,)), nothing)


def end(requester: Bank, provider: Bank, agreement: Agreement) -> None:
    """End an agreement, on both sides."""
    held = provider.treasury.account
    known = requester.treasury.account
    until(lambda: agreement.cid in known(provider.peer).agreements, requester, provider)
    requester.payments.end(agreement, NOBODY, nothing)
    until(lambda: agreement.cid not in held(requester.peer).agreements, requester, provider)
    until(lambda: provider.balance(requester) == -requester.balance(provider), requester, provider)


def test_who_leaves_work_unpaid_has_less_room(two: tuple[Bank, Bank]) -> None:
    """An agreement that is ended without receipts sets nothing aside, and is not forgotten."""
    requester, provider = two
    agreement = agree(requester, provider, 600)
    provider.credit.earned(agreement).add(Outcome.RAN, Usage(cores=1, wall_ms=400))
    end(requester, provider, agreement)
    assert provider.credit.room(requester.peer) == 1_000 - 400
    until(lambda: "left unpaid" in provider.said, requester, provider)
    assert provider.credit.room(requester.peer) == 1_000 - 400
    assert "over your limit" in provider.credit.objection(requester.peer, BATCH, 601)


def test_who_pays_is_forgiven_in_time(two: tuple[Bank, Bank]) -> None:
    """A tenth of what is paid makes good what was not."""
    requester, provider = two
    first = agree(requester, provider, 300)
    provider.credit.earned(first).add(Outcome.RAN, Usage(cores=1, wall_ms=20))
    end(requester, provider, first)
    until(lambda: provider.credit.room(requester.peer) == 980, requester, provider)
    then = agree(requester, provider, 300, "then")
    provider.credit.earned(then).add(Outcome.RAN, Usage(cores=1, wall_ms=100))
    pay(requester, provider, then, 100)
    end(requester, provider, then)
    left = 1_000 - 100 - (20 - 100 // FORGIVEN)
    until(lambda: provider.credit.room(requester.peer) == left, requester, provider)


def test_what_is_earned_is_counted_while_an_agreement_is_in_force(two: tuple[Bank, Bank]) -> None:
    """Whoever takes it up again goes on; after a restart, from the receipts; then no more."""
    requester, provider = two
    agreement = agree(requester, provider, 300)
    provider.credit.earned(agreement).add(Outcome.RAN, Usage(cores=1, wall_ms=70))
    assert provider.credit.earned(agreement).amount == 70
    pay(requester, provider, agreement, 70)
    until(lambda: provider.balance(requester) == 70, requester, provider)
    anew = CreditLine(provider.treasury, Policy(1_000, 50, 1_000), provider._say)
    assert (anew.earned(agreement).amount, anew.earned(agreement).unpaid) == (70, 0)
    end(requester, provider, agreement)
    assert provider.credit.earned(agreement).is_all


def test_all_strangers_together_owe_no_more_than_is_set(opened: Opened) -> None:
    """Keys cost nothing: the second finds less, the third nothing, and the record says so."""
    provider, *others = opened(1), opened(2), opened(3), opened(4)
    policy = Policy(1_000, 50, 100_000, STRANGERS)
    provider.credit = CreditLine(provider.treasury, policy, provider._say)
    assert provider.credit.newcomer == 1_000
    for other, room in zip(others, (1_000, 500, 0), strict=True):
        assert provider.credit.room(other.peer) == room == provider.credit.newcomer
        if room:
            agree(other, provider, room)
            assert provider.credit.room(other.peer) == 0
    anew = CreditLine(provider.treasury, policy, provider._say)
    assert (anew.newcomer, anew.room(others[2].peer)) == (0, 0)


def test_who_gave_back_is_no_stranger(two: tuple[Bank, Bank]) -> None:
    """What it owes leaves what strangers may owe, once it gave what a newcomer may owe."""
    requester, provider = two
    provider.credit = CreditLine(
        provider.treasury, Policy(1_000, 50, 100_000, 1_000), provider._say
    )
    there = agree(requester, provider, 1_000)
    pay(requester, provider, there, 1_000)
    end(requester, provider, there)
    assert provider.credit.newcomer == 0
    back = agree(provider, requester, 2_000, "back")
    pay(provider, requester, back, 1_000)
    end(provider, requester, back)
    until(lambda: provider.credit.newcomer == 1_000, requester, provider)


def test_what_has_ended_is_not_agreed_again(two: tuple[Bank, Bank]) -> None:
    """Who offers the same once more is told so: nothing is set aside under it."""
    requester, provider = two
    agreement = agree(requester, provider, 300)
    offer = offered(requester.identity, provider.peer.key, 300)
    assert provider.credit.objection(requester.peer, offer.cid, 300) == ""
    end(requester, provider, agreement)
    assert provider.credit.objection(requester.peer, offer.cid, 300) == CLOSED
    with pytest.raises(Refused, match=CLOSED):
        provider.credit.agree(requester.peer, offer, 300, nothing)
    assert provider.credit.waiting() == []


def test_an_offer_that_comes_again_is_answered_when_it_is_durable(two: tuple[Bank, Bank]) -> None:
    """Each time, and no sooner than the first."""
    requester, provider = two
    offer = offered(requester.identity, provider.peer.key, 300)
    requester.payments.begin(provider.peer, offer.cid, nothing)
    answered: list[int] = []
    for number in range(2):
        provider.credit.agree(requester.peer, offer, 300, partial(answered.append, number))
    assert answered == []
    until(lambda: answered, requester, provider)
    assert answered == [0, 1]
    provider.credit.agree(requester.peer, offer, 300, partial(answered.append, 2))
    assert answered == [0, 1, 2]


def test_what_is_refused_is_not_waited_for(two: tuple[Bank, Bank]) -> None:
    """Offered again, it is refused again."""
    requester, provider = two
    offer = offered(requester.identity, provider.peer.key, 1_001)
    for _ in range(2):
        with pytest.raises(Refused, match="limit"):
            provider.credit.agree(requester.peer, offer, 1_001, nothing)


def test_what_nobody_comes_back_for_is_free_again(two: tuple[Bank, Bank]) -> None:
    """And what is paid for it all the same is taken."""
    requester, provider = two
    agreement = agree(requester, provider, 600)
    assert provider.credit.waiting() == [(requester.peer, agreement.cid)]
    assert provider.credit.room(requester.peer) == 400
    provider.credit.release(requester.peer, agreement.cid)
    assert provider.credit.waiting() == []
    assert provider.credit.room(requester.peer) == 1_000
    provider.credit.release(requester.peer, agreement.cid)  # once is enough
    pay(requester, provider, agreement, 50)
    until(lambda: provider.balance(requester) == 50, requester, provider)


def test_who_vanishes_after_the_work_leaves_it_unpaid(two: tuple[Bank, Bank]) -> None:
    """What is released is lost until it is paid, with a stranger for all strangers."""
    requester, provider = two
    policy = Policy(1_000, 50, 100_000, STRANGERS)
    provider.credit = CreditLine(provider.treasury, policy, provider._say)
    agreement = agree(requester, provider, 600)
    provider.credit.earned(agreement).add(Outcome.RAN, Usage(cores=1, wall_ms=550))
    provider.credit.release(requester.peer, agreement.cid)
    assert provider.credit.room(requester.peer) == 1_000 - 550
    assert provider.credit.newcomer == STRANGERS - 550
    pay(requester, provider, agreement, 500)
    until(lambda: provider.balance(requester) == 500, requester, provider)
    assert provider.credit.room(requester.peer) == 1_000 - 550
    end(requester, provider, agreement)
    assert provider.credit.room(requester.peer) == 1_000 - 550
    assert provider.credit.newcomer == STRANGERS - 550
