"""Limits: they grow with what was settled."""

from peers.limits import Policy, grown, is_near

POLICY = Policy(newcomer=100, growth_percent=50, most=1_000)


def test_a_limit_grows_with_what_is_settled() -> None:
    """By the policy, up to its most."""
    assert grown(POLICY, granted=100, settled=0) == 100
    assert grown(POLICY, granted=100, settled=400) == 300
    assert grown(POLICY, granted=100, settled=10_000) == 1_000


def test_a_limit_never_falls_by_itself() -> None:
    """What its owner set by hand stays."""
    assert grown(POLICY, granted=5_000, settled=0) == 5_000


def test_an_owner_is_told_before_a_limit_is_reached() -> None:
    """From four fifths on."""
    assert not is_near(100, 79)
    assert is_near(100, 80)
    assert not is_near(0, 0)
