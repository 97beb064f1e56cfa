"""Failures: what failed twice alike is paid, to each provider once."""

from engine.content.cid import RAW, Cid
from peers.failures import Failed, Failures
from peers.identity import PeerId
from peers.receipts import Line
from tests.peers.keys import identity

A, B, C, STEP = (Cid.of(RAW, name) for name in (b"a", b"b", b"c", b"step"))
ONE, TWO, THREE = (identity(number).peer for number in (1, 2, 3))
LINE = Line(STEP, None, "nothing", 1, 1, 1, 0, 0)


def failed(
    agreement: Cid, code: int = 3, printed: Cid | None = None, provider: PeerId = ONE
) -> Failed:
    """Return a failure under an agreement."""
    return Failed(provider, agreement, A, LINE, (code, printed, None))


def test_a_failure_that_comes_again_is_paid_to_all_who_saw_it() -> None:
    """And to whoever sees it later."""
    failures = Failures()
    one, two, three = failed(A), failed(B, provider=TWO), failed(C, provider=THREE)
    assert failures.add(STEP, one) == []
    assert failures.add(STEP, two) == [one, two]
    assert failures.add(STEP, three) == [three]


def test_a_provider_is_paid_for_one_failure_of_a_step() -> None:
    """That it was asked to try again is what makes the failure one that is paid, and no more."""
    failures, again = Failures(), failed(B)
    assert failures.add(STEP, failed(A)) == []
    assert failures.add(STEP, again) == [again]
    assert failures.add(STEP, failed(C)) == []
    assert failures.add(STEP, failed(A, code=4)) == []
    assert failures.add(STEP, failed(B, code=4)) == []


def test_who_was_paid_already_confirms_what_another_saw() -> None:
    """A failure of the one is alike that of the other, though only that is paid."""
    failures, other = Failures(), failed(C, code=4, provider=TWO)
    for one in (failed(A), failed(B), failed(B, code=4)):
        failures.add(STEP, one)
    assert failures.add(STEP, other) == [other]


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
