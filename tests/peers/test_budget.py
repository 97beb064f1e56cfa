"""No run costs more than it may, whatever is promised, spent and ended in which order."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.content.cid import RAW, Cid
from engine.errors import Damaged
from peers.budget import Budget
from peers.credits import MAX_CREDITS, NOTHING, Credits

FIRST, SECOND = (Cid.of(RAW, name) for name in (b"1", b"2"))
ENOUGH = MAX_CREDITS


def amount(number: int) -> Credits:
    """Return so many micro-credits."""
    return Credits(number)


def test_a_cap_is_half_of_an_even_share_of_what_is_left() -> None:
    """So that there is something for who has used up its own."""
    budget = Budget(amount(1_000))
    assert budget.cap(amount(1), ENOUGH, among=1) == 500
    assert budget.cap(amount(1), ENOUGH, among=5) == 100
    budget.promise(FIRST, amount(500))
    assert budget.cap(amount(1), ENOUGH, among=1) == 250


def test_a_cap_covers_a_step_and_no_more_than_there_is() -> None:
    """More than the share when one step costs more; never more than is left or lent."""
    budget = Budget(amount(1_000))
    assert budget.cap(amount(700), ENOUGH, among=5) == 700
    assert budget.cap(amount(1), amount(40), among=1) == 40
    assert budget.cap(amount(50), amount(40), among=1) is None
    assert budget.cap(amount(1_000), ENOUGH, among=1) == 1_000
    assert budget.cap(amount(1_001), ENOUGH, among=1) is None
    assert Budget(NOTHING).cap(NOTHING, ENOUGH, among=1) is None


def test_what_an_agreement_did_not_cost_is_there_again() -> None:
    """What it did cost is not."""
    budget = Budget(amount(1_000))
    budget.promise(FIRST, amount(600))
    budget.spent(FIRST, amount(250))
    assert (budget.room(FIRST), budget.promised, budget.left) == (350, 350, 400)
    budget.ended(FIRST)
    budget.ended(FIRST)
    assert (budget.room(FIRST), budget.paid, budget.left) == (0, 250, 750)


def test_nothing_is_spent_that_was_not_promised() -> None:
    """Over its cap, after its end, or twice promised: that would be a bug of ours."""
    budget = Budget(amount(1_000))
    budget.promise(FIRST, amount(600))
    for wrong in (
        lambda: budget.spent(FIRST, amount(601)),
        lambda: budget.spent(SECOND, amount(1)),
        lambda: budget.promise(FIRST, amount(1)),
        lambda: budget.promise(SECOND, amount(401)),
    ):
        with pytest.raises(ValueError, match=r"agreement|promised"):
            wrong()
    with pytest.raises(Damaged):
        budget.spent(FIRST, amount(-1))
    budget.spent(SECOND, NOTHING)
    assert (budget.paid, budget.promised) == (0, 600)


def test_it_says_what_is_lacking() -> None:
    """The budget, with the flag that raises it; or what peers lend."""
    budget = Budget(amount(1_000_000))
    what, fix = budget.lack(amount(2_500_000))
    assert what == (
        "the cheapest peer asks 2.5 credits for a step, and 1 credit of 1 credit is left to spend"
    )
    assert "'--max-cost C' raises it" in fix
    assert "lends this one the 0.5 credits" in budget.lack(amount(500_000))[0]


def test_a_guess_is_said_to_be_one() -> None:
    """Of a step whose time is not known, no peer has asked a price."""
    budget = Budget(amount(1_000_000))
    what, _ = budget.lack(amount(2_500_000), is_guess=True)
    assert "how long a step takes is not known, and one of a second may cost up to 2.5" in what
    assert "the 0.5 credits that it may cost" in budget.lack(amount(500_000), is_guess=True)[0]


def test_what_is_kept_for_authors_is_named() -> None:
    """Else nobody would know why nothing of what a run may cost is left."""
    what, _ = Budget(NOTHING, amount(50_000)).lack(amount(5_984))
    assert what.endswith(
        "0 credits of 0 credits is left to spend:"
        " royalties take 0.05 credits of the 0.05 credits that it may cost"
    )


class Spending(RuleBasedStateMachine):
    """A run that promises, spends and ends as it comes."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = Budget(amount(10_000))
        self.caps: dict[Cid, int] = {}
        self.spent: dict[Cid, int] = {}
        self.made = 0

    @rule(least=st.integers(0, 4_000), limit=st.integers(0, 9_000), among=st.integers(1, 8))
    def promise(self, least: int, limit: int, among: int) -> None:
        """Make an agreement, if there is credit for one."""
        cap = self.budget.cap(amount(least), amount(limit), among)
        if cap is None:
            assert max(1, least) > min(limit, self.budget.left)
            return
        assert max(1, least) <= cap <= limit
        self.made += 1
        agreement = Cid.of(RAW, b"%d" % self.made)
        self.budget.promise(agreement, cap)
        self.caps[agreement], self.spent[agreement] = cap, 0

    @precondition(lambda self: self.caps)
    @rule(data=st.data())
    def spend(self, data: st.DataObject) -> None:
        """Owe something under one of them."""
        agreement = data.draw(st.sampled_from(sorted(self.caps)))
        room = self.budget.room(agreement)
        some = data.draw(st.integers(0, room))
        self.budget.spent(agreement, amount(some))
        self.spent[agreement] += some

    @precondition(lambda self: self.caps)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """End one of them."""
        agreement = data.draw(st.sampled_from(sorted(self.caps)))
        self.budget.ended(agreement)
        del self.caps[agreement]

    @invariant()
    def nothing_is_lost_or_made(self) -> None:
        """What is left, promised and paid is what there was; each agreement has its own."""
        budget = self.budget
        assert budget.left >= 0
        assert budget.left + budget.promised + budget.paid == budget.most
        assert budget.paid == sum(self.spent.values())
        for agreement, cap in self.caps.items():
            assert budget.room(agreement) == cap - self.spent[agreement]


TestSpending = Spending.TestCase
