"""What a home knows of a run besides the run."""

from pathlib import Path

from nacl.signing import SigningKey

from cli.page import finding
from cli.page.gather import gather
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.memo import Witness
from engine.redone import Redone, RedoneStep
from engine.run import RUN, RUN_PAGE_RECORD, RunStep
from engine.step import ATTESTATION, SIGNED, Signed
from engine.trust.book import Found
from peers.identity import PeerId
from tests.cli.page.conftest import MANY
from tests.fakes.records import Ran, record

KEY = SigningKey(bytes(32))
PUBLIC = bytes(KEY.verify_key)


def test_reruns_are_found_by_the_run(tmp_path: Path) -> None:
    """The latest first, of which more is listed, with where they ran."""
    with Workspace(tmp_path / "home") as space:
        run = record(space.store, MANY, [Ran("prepare")])
        steps = [
            RedoneStep(f"s[{n}]", "identical", "", "Linux", "bwrap", "", 5, ()) for n in range(300)
        ]
        for began_ms in range(finding.MAX_RERUNS + 2):
            redone = Redone(0, run, began_ms, began_ms, "reproduced", 300, 300, False, "", "")
            space.reruns.keep(redone, steps)
        found = gather(space, str(run)).findings
    assert [one.redone.began_ms for one in found.again] == [6, 5, 4, 3, 2]
    assert found.older == 2
    listed = [len(one.steps) for one in found.again]
    assert listed == [finding.MAX_STEPS, *[finding.MAX_EARLIER] * 4]
    assert found.again[0].unlisted == 300 - finding.MAX_STEPS
    (place,) = found.again[0].places
    assert (place.who, place.system, place.steps) == (finding.NOBODY, "Linux", 300)


def test_who_vouches_for_something_else_is_found(tmp_path: Path) -> None:
    """By what this home was told of the same step, with what a check of it came to."""
    with Workspace(tmp_path / "home") as space:
        run = record(space.store, MANY, [Ran("prepare"), Ran("train", 0)])
        lie = record(space.store, MANY, [Ran("train", 0, outputs={"o": b"lie"})])
        one, other = _step(space, run, 1), _step(space, lie, 0)
        assert one.step is not None
        assert one.step == other.step
        signed = _signed(space, other)
        assert one.result is not None
        assert other.result is not None
        with space.database.change() as change:
            witness = Witness(one.step, other.result, other.attestations[0], signed, PUBLIC)
            space.memo.add(change, [witness])
        space.trust.keep([Found(one.step, one.result, "confirmed", None)])
        found = gather(space, str(run)).findings
    first = found.voices[0]
    assert (first.id, first.agree, first.differ, first.unsigned) == ("train[0]", 0, 1, 1)
    assert first.check.startswith("it was run again")
    peer = str(PeerId(PUBLIC))
    assert [(one.who.peer, one.agree, one.differ) for one in found.vouchers] == [
        ("", 2, 0),
        (peer, 0, 1),
    ]


def _step(space: Workspace, run: Cid, at: int) -> RunStep:
    page = RUN_PAGE_RECORD.decode(space.store.get(RUN.decode(space.store.get(run)).pages[0]))
    return page.steps[at]


def _signed(space: Workspace, step: RunStep) -> Cid:
    payload = space.store.get(step.attestations[0])
    signature = KEY.sign(ATTESTATION.kind.encode() + b"\0" + payload).signature
    block = SIGNED.block(Signed(payload, PUBLIC, signature))
    space.store.put([block])
    return block.cid
