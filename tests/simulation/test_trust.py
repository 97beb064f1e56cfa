"""What each rule lets through, in networks that are played: the table of docs/reliability.md."""

import pytest

from tests.simulation.trust import RULES, play


@pytest.mark.parametrize("rule", RULES)
def test_nobody_honest_is_accused(rule: str) -> None:
    """Whatever the rule; and where each step has two owners, no lie is believed."""
    found = play(rule, seeds=20, steps=100, honest_for=0)
    assert found.innocent == 0
    assert found.lies
    if rule in ("2", "2/3", "own"):
        assert found.survived == 0


def test_more_checks_let_through_less() -> None:
    """And cost more."""
    seldom, often = (play(rule, 20, 1_000, 200) for rule in ("audit", "audit:0.2"))
    assert often.survived / often.lies < seldom.survived / seldom.lies
    assert often.executions / often.steps > seldom.executions / seldom.steps
