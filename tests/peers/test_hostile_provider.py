"""A requester, and a provider that would have it wait for ever."""

from dataclasses import replace

from engine.content.cid import Cid
from engine.step import ATTESTATION
from peers.work_messages import Handed
from peers.worklist import LATE_MS
from tests.peers.labour import Asker, Worker
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
