"""Whatever peers trade, lose and restore, and whoever cheats: the invariants of ledgers hold."""

import pytest

from tests.simulation.credit.machine import run
from tests.simulation.credit.story import tell

EXAMPLES = 500
STEPS = 50
PARTS = 2  # on two cores


@pytest.mark.parametrize("part", range(PARTS))
def test_the_invariants_hold(part: int) -> None:
    """I1 to I22, but I13 and I18, after each step and at the end (docs/reliability.md)."""
    run(examples=EXAMPLES // PARTS, steps=STEPS)


def test_royalties_are_given_by_who_has_lost_an_offer() -> None:
    """The author's channel came back with what was given, and the provider's has not yet."""
    tell(30_003, 200)
