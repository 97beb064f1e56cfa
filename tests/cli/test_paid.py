"""What is said of what a run cost."""

from pathlib import Path

import pytest

from cli import paid
from peers.run_cost import RunCost


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        (RunCost(1_500, 0, is_settled=True), "cost: 0.0015 credits"),
        (RunCost(1_500, 500, is_settled=True), "cost: 0.0015 credits, 0.0005 credits of it for"),
        (RunCost(0, 0, is_settled=False), "0 credits; not all that was agreed has ended"),
    ],
)
def test_what_a_run_cost_is_said(cost: RunCost, said: str) -> None:
    """With what authors got, and whether more may come."""
    assert said in paid.in_words(cost)
    assert paid.as_json(cost)["amount"] == cost.amount


def test_a_home_without_a_ledger_paid_nothing(tmp_path: Path) -> None:
    """And nobody waits for it."""
    assert paid.settled(tmp_path, "brave-otter") is None


def test_a_run_waits_until_its_agreements_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is owed for the last steps is in the ledger then."""
    seen = iter([RunCost(1, 0, is_settled=False), RunCost(7, 0, is_settled=True)])
    monkeypatch.setattr(paid, "paid", lambda home, run: next(seen))
    assert paid.settled(Path(), "brave-otter") == RunCost(7, 0, is_settled=True)
