"""Failures: what failed twice alike is paid, each time once."""

from engine.content.cid import RAW, Cid
from peers.failures import Failed, Failures
from peers.receipts import Line
from tests.peers.keys import identity

A, B, C, STEP = (Cid.of(RAW, name) for name in (b"a", b"b", b"c", b"step"))
PEER = identity(1).peer
LINE = Line(STEP, None, "nothing", 1, 1, 1, 0, 0)


def failed(agreement: Cid, code: int = 3, printed: Cid | None = None) -> Failed:
    """Return a failure under an agreement."""
    return Failed(PEER, agreement, A, LINE, (code, printed, None))


def test_a_failure_that_comes_again_is_paid_both_times() -> None:
    """And any later one, by itself."""
    failures, one, two, three = Failures(), failed(A), failed(B), failed(C)
    assert failures.add(STEP, one) == []
    assert failures.add(STEP, two) == [one, two]
    assert failures.add(STEP, three) == [three]


def test_failures_that_are_not_alike_are_not_paid() -> None:
    """Of another step, with another exit code, or when something else was printed."""
    failures = Failures()
    for step, one in (
        (STEP, failed(A)),
        (STEP, failed(B, code=4)),
        (STEP, failed(C, printed=A)),
        (A, failed(A)),
    ):
        assert failures.add(step, one) == []
