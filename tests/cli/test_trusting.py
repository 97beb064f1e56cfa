"""By which rule the results of peers are believed in a run."""

from types import SimpleNamespace

import pytest

from cli.execute import policy_of
from engine.trust.policy import ANY, AUDIT, OWN, parse


@pytest.mark.parametrize(
    ("said", "asked", "rule"),
    [
        ("", "", AUDIT),
        ("", "2/3", parse("2/3")),
        ("", "any", AUDIT),
        ("", "1", AUDIT),
        ("", "audit:0", AUDIT),
        ("", "audit:0.5", parse("audit:0.5")),
        ("audit:0", "", parse("audit:0")),
        ("any", "2/3", ANY),
        ("own", "", OWN),
    ],
)
def test_who_runs_it_says_it_then_the_workflow(said: str, asked: str, rule: object) -> None:
    """And no workflow can have less of it checked than usual."""
    prepared = SimpleNamespace(on="peers", workflow=SimpleNamespace(trust=asked))
    assert policy_of(SimpleNamespace(trust=said), prepared) == rule  # type: ignore[arg-type]


def test_what_runs_here_needs_no_rule() -> None:
    """It is this machine's own."""
    prepared = SimpleNamespace(on="local", workflow=SimpleNamespace(trust="2/3"))
    assert policy_of(SimpleNamespace(trust=""), prepared) is None  # type: ignore[arg-type]
