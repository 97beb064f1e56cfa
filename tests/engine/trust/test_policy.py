"""By which rule results are believed, and how checks are drawn."""

import pytest

from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Refused
from engine.trust.draw import SURE, drawn, likelihood
from engine.trust.policy import ANY, LEAST, MILLION, OWN, Policy, parse


def test_each_word_has_its_rule() -> None:
    """As the documentation of `--trust` says."""
    assert (parse("any"), parse("own")) == (ANY, OWN)
    assert parse("audit") == Policy(1, 1, by_own=False, least=LEAST)
    assert parse("audit:0.25").least == MILLION // 4
    assert parse("2") == Policy(2, 2, by_own=False, least=None)
    assert parse("2/3") == Policy(2, 3, by_own=False, least=None)


@pytest.mark.parametrize("text", ["", "all", "0", "3/2", "10", "audit:2", "audit:", "2/", "-1"])
def test_another_word_is_refused(text: str) -> None:
    """With what can be written instead."""
    with pytest.raises(Refused) as refused:
        parse(text)
    assert "audit" in refused.value.fix


def test_a_stranger_is_always_checked() -> None:
    """Until it has passed SURE checks, whatever the least is; then ever less, to that."""
    assert all(likelihood(passed, 0) == MILLION for passed in range(SURE))
    assert likelihood(SURE, 0) == MILLION // SURE
    assert likelihood(10**6, LEAST) == LEAST


def test_draws_are_as_likely_as_they_should_be() -> None:
    """Of 20 000, a twentieth, within four standard deviations; and the same again when asked."""
    secret, likely = b"s" * 32, LEAST
    said = [Cid.of(DAG_CBOR, b"%d" % number) for number in range(20_000)]
    falls = [drawn(secret, one, likely) for one in said]
    assert falls == [drawn(secret, one, likely) for one in said]
    assert abs(sum(falls) - 1_000) < 4 * (20_000 * 0.05 * 0.95) ** 0.5


def test_another_home_draws_otherwise() -> None:
    """So that nobody learns from one how another falls."""
    said = [Cid.of(DAG_CBOR, b"%d" % number) for number in range(1_000)]
    one, two = ([drawn(key * 32, each, MILLION // 2) for each in said] for key in (b"a", b"b"))
    assert 400 < sum(a == b for a, b in zip(one, two, strict=True)) < 600
