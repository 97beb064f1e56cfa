"""More peers cost each of them little more: a small size of `python -m tests.simulation.scale`."""

from tests.simulation.scale import STEPS, measure

FEW, SOME = 4, 12
MESSAGES = 20  # for a step, with what it reads and gives; leases and batches are of several


def test_more_peers_cost_no_more_messages_a_step() -> None:
    """All steps are run, and three times as many peers say to one another as much about each."""
    few, some = measure(FEW), measure(SOME)
    assert (few.steps, some.steps) == (STEPS * FEW, STEPS * SOME)
    assert few.messages < MESSAGES
    assert some.messages < 1.2 * few.messages
    assert some.records == SOME
    assert some.done_ms < 2 * some.ideal_ms + few.done_ms
