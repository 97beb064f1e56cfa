"""A provider that runs for long keeps what is needed and cached, and lets go of the rest."""

from pathlib import Path

from engine.sandbox.scripted import Act
from peers.keeper import COLLECT_MS, RENEW_MS
from peers.provider import QUIET_MS
from tests.peers.test_provider import Pair


def renew(pair: Pair) -> None:
    """Let ten minutes pass, and whatever is done then."""
    renewed = pair.lender.renewed
    pair.lender.clock.by_ms += RENEW_MS
    pair.until(lambda: pair.lender.renewed > renewed)


def test_content_is_let_go_of_when_nobody_needs_it(tmp_path: Path) -> None:
    """Of a step that ended long ago: its record, and what it gave; the environment is cached."""
    pair = Pair(tmp_path)
    (one,) = pair.steps(1)
    pair.run(pair.agree(), [one])
    result = pair.borrower.results[one]
    pair.until(lambda: pair.lender.provider.is_idle)
    pair.lender.clock.by_ms += QUIET_MS
    pair.until(lambda: pair.lender.provider.status()["agreements"] == 0)
    renew(pair)
    assert pair.lender.store.has(one)
    pair.lender.clock.by_ms += COLLECT_MS
    renew(pair)
    assert pair.lender.collected
    assert not pair.lender.store.has(one)
    assert not pair.lender.store.has(result)
    assert pair.lender.store.has(pair.environment)
    pair.close()


def test_what_is_over_the_quota_goes_unless_it_is_in_use(tmp_path: Path) -> None:
    """The environment of a step that is leased stays, however large."""
    pair = Pair(tmp_path, quota=5)
    pair.lender.play = lambda _: Act(until_cancelled=True)
    agreement = pair.agree(lease_ms=RENEW_MS * 2)
    (one,) = pair.steps(1)
    pair.borrower.lease(agreement, [one], [pair.need], lasts=RENEW_MS * 2)
    pair.until(lambda: pair.lender.provider.status()["running"])
    renew(pair)
    assert pair.lender.gone == []
    pair.borrower.end(agreement)
    pair.until(lambda: not pair.lender.provider.status()["agreements"])
    renew(pair)
    assert pair.lender.gone == [pair.environment]
    renew(pair)
    assert not pair.lender.store.has(pair.environment)
    pair.close()


def test_what_is_used_again_is_used_last(tmp_path: Path) -> None:
    """What was cached before the program was started anew is still known."""
    pair = Pair(tmp_path)
    pair.run(pair.agree(), pair.steps(1))
    renew(pair)
    rows = pair.lender.book.rows("SELECT root, is_environment, size FROM cached")
    assert rows == [(pair.environment.raw, 1, len(b"environment"))]
    pair.close()
