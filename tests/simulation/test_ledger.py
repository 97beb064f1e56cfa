"""Whatever peers trade, lose and restore, and whoever cheats: the invariants of ledgers hold."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.credit.machine import Ledgers

EXAMPLES = 500
STEPS = 50
PARTS = 2  # on two cores


@pytest.mark.parametrize("part", range(PARTS))
def test_the_invariants_hold(part: int) -> None:
    """I1 to I22, but I13 and I18, after each step and at the end (docs/reliability.md)."""
    run_state_machine_as_test(
        Ledgers,
        settings=settings(
            max_examples=EXAMPLES // PARTS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
