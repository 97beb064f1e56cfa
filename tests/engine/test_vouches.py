"""Who vouches for what came out of the steps of a run."""

from dataclasses import replace

from engine.evidence import attestation
from engine.run import RUN
from engine.store.memory import MemoryStore
from engine.summary import StepSummary, of_record
from engine.vouches import Count, count, vouches
from tests.fakes.attested import KEY, OTHER, attested, signed


def _run(outputs: bytes = b"same") -> tuple[MemoryStore, StepSummary]:
    store = MemoryStore()
    run = attested(store, lambda said: [signed(said, KEY)], outputs)
    return store, of_record(store, RUN.decode(store.get(run)))[0]


def test_who_agrees_and_who_differs_is_counted_by_signers() -> None:
    """Saying it twice counts once, a false signature not at all, and what is unsigned apart."""
    store, step = _run()
    said = attestation(store, step.attestations[0])
    other, other_step = _run(b"another")
    differing = replace(attestation(other, other_step.attestations[0]), step=said.step)
    blocks = [
        signed(replace(said, wall_ms=9), KEY),
        signed(differing, OTHER),
        signed(replace(said, wall_ms=8), OTHER, KEY),
    ]
    store.put(blocks)
    others = {step.key: [*step.attestations, *(block.cid for block in blocks)]}
    told = list(vouches(store, [step], others))
    assert [(one.is_own, one.agrees, one.holds) for one in told] == [
        (True, True, True),
        (False, True, True),
        (False, False, True),
        (False, True, False),
    ]
    assert count(step, told) == Count("a", step.result, agree=1, differ=1, unsigned=0)


def test_what_is_of_another_step_or_not_here_is_left_out() -> None:
    """What is known from elsewhere may be gone, or moved; it is no reason to tell nothing."""
    store, step = _run()
    said = attestation(store, step.attestations[0])
    moved = signed(replace(said, step=said.result), OTHER)
    gone = signed(replace(said, wall_ms=9), OTHER)
    store.put([moved])
    (one,) = vouches(store, [step], {step.key: [moved.cid, gone.cid]})
    assert one.is_own
