"""What a step takes is brought here, and when its turn has come it runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import merkle
from engine.content.cid import Cid
from peers.agreement import LEASE, Lease
from peers.earned import Earned
from peers.errands import Errands
from peers.made import Made
from peers.prices import Outcome, Usage
from peers.signed import seal, unseal
from peers.step_messages import Handed, Need
from tests.peers.lenders import GIB
from tests.peers.test_provider import Pair


class Doing(Pair):
    """The errands of one agreement, apart from what is signed and told."""

    def __init__(self, folder: Path) -> None:
        """Agree."""
        super().__init__(folder)
        agreed = self.lender.provider._engagements.get(self.agree())
        assert agreed is not None
        self.agreement = agreed.agreement.cid
        self.made: list[Made] = []
        self.failed: dict[Cid, str] = {}
        self.earned = Earned({"core-second": 1_000}, price_cap=10**6)
        self.errands = Errands(
            agreed.agreement,
            agreed._tools,
            self.made.extend,
            self.failed.__setitem__,
            self.earned,
        )

    def take(self, steps: list[Cid], need: Need | None = None) -> Handed:
        """Take steps of a lease, and have its requester serve them."""
        trader = self.borrower.trader
        trader.depot.offer(self.agreement, (*steps, self.environment), self.lender.peer)
        root = merkle.root([step.raw for step in steps])
        signed = seal(
            LEASE, Lease(self.agreement, 1, len(steps), root, 60_000), trader.identity
        ).data
        needs = (need or self.need,) * len(steps)
        handed = Handed(unseal(LEASE, signed), signed, tuple(steps), needs, {})
        assert self.errands.take(handed, lambda step: True) == steps
        return handed

    @property
    def ended(self) -> list[Cid]:
        """The steps that ended by themselves."""
        return [made.said.step for made in self.made]

    def close(self) -> None:
        """End all."""
        self.errands.close()
        super().close()


@pytest.fixture
def doing(tmp_path: Path) -> Iterator[Doing]:
    """Return them."""
    doing = Doing(tmp_path)
    yield doing
    doing.close()


def test_a_step_whose_turn_has_come_runs_when_all_is_here(doing: Doing) -> None:
    """Its turn may come before anything of it."""
    (one,) = doing.steps(1)
    doing.take([one])
    doing.errands.due(one)
    doing.errands.bring([one], {})
    doing.until(lambda: doing.made)
    assert doing.ended == [one]
    assert not doing.failed


def test_a_step_that_is_here_runs_when_its_turn_has_come(doing: Doing) -> None:
    """One that came after it, and whose turn it was, is not kept waiting."""
    one, other = doing.steps(2)
    doing.take([one, other])
    doing.errands.bring([one, other], {})
    doing.errands.due(other)
    doing.until(lambda: doing.made)
    assert doing.ended == [other]
    doing.errands.due(one)
    doing.until(lambda: len(doing.made) == 2)
    assert doing.ended == [other, one]


def test_a_step_that_was_dropped_does_not_run(doing: Doing) -> None:
    """Nothing is told of it, though it was on its way."""
    one, other = doing.steps(2)
    doing.take([one, other])
    for step in (one, other):
        doing.errands.due(step)
    doing.errands.bring([one, other], {})
    doing.errands.drop(one)
    doing.until(lambda: doing.made)
    assert doing.ended == [other]
    assert not doing.lender.store.has(one)
    assert not doing.failed


def test_what_a_step_takes_is_needed_until_it_ends(doing: Doing) -> None:
    """Its record leads to the rest."""
    one, other = doing.steps(2)
    doing.take([one, other])
    assert doing.errands.roots() == {one, other, doing.environment}
    doing.errands.due(one)
    doing.errands.bring([one, other], {})
    doing.until(lambda: doing.made)
    assert doing.errands.roots() == {other, doing.environment}
    doing.errands.cancel(other)
    assert doing.errands.roots() == set()


def test_a_step_that_does_not_fit_is_given_up(doing: Doing) -> None:
    """At once, with why; nothing is needed of it."""
    (one,) = doing.steps(1)
    doing.take([one], doing.need._replace(memory=2 * GIB))
    doing.errands.bring([one], {})
    assert doing.failed == {one: "it needs more than was agreed"}
    assert doing.errands.roots() == set()


def test_nothing_is_begun_once_all_that_was_agreed_is_earned(doing: Doing) -> None:
    """What a requester owes without a receipt has an end."""
    one, other = doing.steps(2)
    doing.take([one, other])
    doing.errands.bring([one, other], {})
    doing.errands.due(one)
    doing.until(lambda: doing.made)
    doing.earned.add(Outcome.RAN, Usage(cores=1, wall_ms=10**6))
    doing.errands.due(other)
    assert doing.failed == {other: "all that was agreed to be paid is used"}
