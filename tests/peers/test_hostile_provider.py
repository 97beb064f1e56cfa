"""A requester, and a provider that would have it wait for ever."""

from collections.abc import Callable
from dataclasses import replace

from engine.content.cid import Cid
from engine.step import ATTESTATION, RESULT, Result
from peers.agreement import Said
from peers.copies import LATE_MS
from peers.step_messages import Handed
from tests.peers.labour import Asker, Worker, block
from tests.peers.test_requester import Made, ended, introduce
from tests.peers.test_requester import asker as asker
from tests.peers.test_requester import made as made
from tests.peers.traders import until


def claim_ages(worker: Worker, handed: Handed) -> None:
    """Hand back what came out, and say that it took longer than anybody lives."""

    def aged(key: Cid) -> object:
        said, (result, attestation, *rest) = worker.made(key)
        old = replace(ATTESTATION.decode(attestation.data), wall_ms=2**62)
        record = ATTESTATION.block(old)
        return said._replace(attestation=record.cid), (result, record, *rest)

    worker.hand_back(handed, [aged(key) for key in handed.steps])


def test_a_time_that_cannot_be_is_not_learned(asker: Asker, made: Made) -> None:
    """Who says that a step took ages does not have the next one to itself for ages."""
    foe, honest = made(2), made(3)
    foe.run = claim_ages
    introduce(asker, foe)
    asker.have_run("a", usual_ms=None)
    until(lambda: ended(asker), asker, foe)
    foe.run = lambda *_: None
    asker.have_run("b", usual_ms=None)
    until(lambda: len(foe.leases) == 2, asker, foe)
    introduce(asker, honest)
    until(lambda: len(asker.lines.peers()) == 2, asker, foe, honest)
    asker.clock.by_ms += LATE_MS + 60_000
    until(lambda: len(ended(asker)) == 2, asker, foe, honest)
    assert honest.leases


def name_a_secret(secret: Cid) -> Callable[[Worker, Handed], None]:
    """Return what says that something is what came out, without having it."""

    def run(worker: Worker, handed: Handed) -> None:
        (step,) = handed.steps
        _, (_, attestation, *rest) = worker.made(step)
        result = RESULT.block(Result(step, 0, {"out": secret}))
        attested = replace(ATTESTATION.decode(attestation.data), result=result.cid)
        record = ATTESTATION.block(attested)
        said = Said(step, result.cid, record.cid)
        worker.hand_back(handed, [(said, (result, record, *rest))])

    return run


def test_an_output_is_shown_and_not_only_named(asker: Asker, made: Made) -> None:
    """Who names content that is here, and has it not, does not have it taken for its output."""
    secret = block(b"this stays here " * 1000)
    asker.store.put([secret])
    foe, honest = made(2), made(3)
    foe.run = name_a_secret(secret.cid)
    introduce(asker, foe)
    asker.have_run("a")
    until(lambda: foe.batches, asker, foe)
    introduce(asker, honest)

    def time_flies() -> object:
        asker.clock.by_ms += 100
        return ended(asker)

    until(time_flies, asker, foe, honest)
    (result,) = ended(asker).values()
    assert result.outputs["out"] != secret.cid
