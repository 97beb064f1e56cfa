"""Stopped: what a step had run is paid, as its provider says it, no more than it was out."""

from engine.content.cid import RAW, Cid
from peers.step_messages import Need
from peers.stopped import CLAIM_MS, Out, Stopped

RUN, STEP, OTHER = (Cid.of(RAW, name) for name in (b"run", b"step", b"other"))
OUT = Out(Need(RUN, 1, 1, 1, cores=2), {"core-second": 1_000}, 900)


def stopped() -> Stopped:
    """Return what has two steps that were stopped."""
    found = Stopped()
    found.add(RUN, {STEP: OUT, OTHER: OUT}, now_ms=0)
    return found


def test_no_more_is_paid_than_a_step_was_out() -> None:
    """Whatever its provider says; and each step once."""
    found = stopped()
    (short, long) = found.claim(RUN, [(STEP, 100), (OTHER, 10**9)])
    assert (short.amount, short.wall_ms) == (200, 100)
    assert (long.amount, long.wall_ms, long.outcome) == (1_800, 900, "cancelled")
    assert found.claim(RUN, [(STEP, 100)]) == []


def test_what_was_not_stopped_is_not_paid() -> None:
    """Nor under another agreement."""
    assert stopped().claim(RUN, [(RUN, 100)]) == []
    assert stopped().claim(STEP, [(STEP, 100)]) == []


def test_an_agreement_waits_until_all_is_said() -> None:
    """And no longer than a provider takes to say it."""
    found = stopped()
    assert found.waits(RUN, CLAIM_MS - 1)
    found.claim(RUN, [(STEP, 1), (OTHER, 1)])
    assert not found.waits(RUN, 1)
    late = stopped()
    assert not late.waits(RUN, CLAIM_MS)
    assert late.claim(RUN, [(STEP, 100)]) == []
