"""A provider counts what it earns, up to a cap, whatever the figures are."""

import pytest

from peers.agreement import MAX_LEASE_MS
from peers.credits import MAX_CREDITS
from peers.earned import Earned
from peers.prices import Outcome, Usage


def test_what_fits_in_the_cap_is_owed() -> None:
    """A step that does not fit ends the count, and is not owed."""
    earned = Earned({"core-second": 1_000}, price_cap=3_000)
    earned.add(Outcome.RAN, Usage(cores=2, wall_ms=1_000))
    assert (earned.amount, earned.due, earned.is_all) == (2_000, 2_000, False)
    earned.add(Outcome.RAN, Usage(cores=2, wall_ms=1_000))
    assert (earned.amount, earned.due, earned.is_all) == (4_000, 2_000, True)


@pytest.mark.parametrize(
    ("price", "wall_ms"), [(MAX_CREDITS, 1_500), (1, MAX_LEASE_MS + 1), (1, -1)]
)
def test_what_comes_to_no_amount_is_all_that_is_earned(price: int, wall_ms: int) -> None:
    """A price, or a time, that cannot be holds up no step, and is not owed."""
    earned = Earned({"core-second": price}, price_cap=3_000)
    earned.add(Outcome.RAN, Usage(cores=1, wall_ms=wall_ms))
    assert (earned.is_all, earned.due, earned.unpaid) == (True, 0, 0)


def test_where_nothing_is_paid_nothing_is_counted() -> None:
    """However long it takes."""
    earned = Earned({"core-second": MAX_CREDITS}, price_cap=0)
    earned.add(Outcome.RAN, Usage(cores=1, wall_ms=1_500))
    assert (earned.amount, earned.is_all) == (0, False)
