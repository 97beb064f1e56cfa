"""What is read of a run."""

from pathlib import Path

import pytest
from nacl.signing import SigningKey

from cli.page import gather as gathering
from cli.page.facts import Facts
from cli.page.gather import gather
from cli.page.logs import MAX_TAILS, TAIL_BYTES
from cli.page.results import MAX_VALUES
from cli.page.signatures import attested
from cli.page.view import view_of
from cli.workspace import Workspace
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.errors import Damaged
from engine.run import RUN, RUN_PAGE_RECORD, Run, RunPage, RunStep
from engine.step import ATTESTATION, RESULT, SIGNED, Attestation, Result, Signed
from engine.store.memory import MemoryStore
from tests.cli.page.conftest import MANY, WORKFLOW, Made
from tests.fakes.records import NOON_MS, Ran, record

SOME = Cid.of(RAW, b"some")
SAID = Attestation(SOME, SOME, "bwrap", "Linux", 1, 2, 3, 4, None, None, False, "")


def test_an_imported_run_is_known_by_what_is_attested(protein: Facts) -> None:
    """It has no name here and no journal."""
    facts = protein
    assert (facts.head.name, facts.head.imported, facts.head.began_ms) == ("", True, None)
    assert [one.id for one in facts.instances] == [
        "fetch", "fold[0]", "fold[1]", "fold[2]", "check", "report",
    ]  # fmt: skip
    failed = facts.instances[2]
    assert failed.attested is not None
    assert (failed.exit_code, failed.attested.reason) == (137, "memory")
    assert facts.instances[0].executed is None
    assert set(facts.inputs) == {"code", "table"}
    assert facts.environments[0].closure is not None
    assert facts.sample is not None


def test_the_end_of_a_long_log_is_kept(made: Made) -> None:
    """And how much came before it."""
    log = b"x" * 50_000 + b"the end"
    facts = made(MANY, [Ran("prepare", None, "failed", exit_code=1, stderr=log)])
    (tail,) = facts.tails
    assert tail.skipped == len(log) - TAIL_BYTES
    assert tail.text.endswith("xthe end")


def test_logs_of_a_few_failures_are_read(made: Made) -> None:
    """Not of ten thousand."""
    failed = [Ran("train", n, "failed", exit_code=1, stderr=b"no") for n in range(MAX_TAILS + 5)]
    assert len(made(MANY, failed).tails) == MAX_TAILS


def test_a_log_that_is_no_file_is_said_so(tmp_path: Path) -> None:
    """The page has all the rest."""
    with Workspace(tmp_path / "home") as space:
        cid = record(space.store, MANY, [Ran("prepare", None, "failed", exit_code=1)])
        page = RUN_PAGE_RECORD.decode(space.store.get(RUN.decode(space.store.get(cid)).pages[0]))
        said = ATTESTATION.decode(space.store.get(page.steps[0].attestations[0]))
        wrong = ATTESTATION.block(
            Attestation(
                said.step,
                said.result,
                "",
                "",
                NOON_MS,
                1,
                1,
                1,
                page.steps[0].step,
                SOME,
                False,
                "",
            )
        )
        space.store.put([wrong])
        told = _with_proof(space, cid, page.steps[0], wrong.cid)
        texts = {tail.stream: tail.text for tail in gather(space, str(told)).tails}
    assert texts["stdout"].startswith("(not shown: ")
    assert texts["stderr"].startswith("(not shown: ")


def test_what_is_attested_of_another_result_is_damage(tmp_path: Path) -> None:
    """Else a stranger could put any figures on a page."""
    with Workspace(tmp_path / "home") as space:
        cid = record(space.store, MANY, [Ran("prepare")])
        page = RUN_PAGE_RECORD.decode(space.store.get(RUN.decode(space.store.get(cid)).pages[0]))
        other = ATTESTATION.block(SAID)
        space.store.put([other])
        told = _with_proof(space, cid, page.steps[0], other.cid)
        with pytest.raises(Damaged, match="of another result"):
            gather(space, str(told))


def test_what_is_not_here_is_left_out(tmp_path: Path) -> None:
    """A bundle need not carry attestations and results."""
    with Workspace(tmp_path / "home") as space:
        cid = record(space.store, MANY, [Ran("prepare")])
        page = RUN_PAGE_RECORD.decode(space.store.get(RUN.decode(space.store.get(cid)).pages[0]))
        gone = Cid.of(DAG_CBOR, b"gone")
        step = RunStep("prepare", None, "ran", gone, gone, (gone,))
        (one,) = gather(space, str(_with_step(space, cid, step))).instances
    assert page.steps[0].name == one.name
    assert (one.attested, one.exit_code, one.outputs) == (None, 0, {})


def test_of_very_many_instances_only_the_state_is_read(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is said of how many."""
    monkeypatch.setattr(gathering, "MAX_READ", 10)
    facts = made(MANY, [Ran("train", n) for n in range(50)])
    assert facts.unread == 40
    assert sum(one.attested is not None for one in facts.instances) == 10
    assert {one.status for one in facts.instances} == {"ran"}


def test_an_output_that_gathers_shows_its_first(made: Made) -> None:
    """And counts the others; one that an instance did not give is not among them."""
    trained = [Ran("train", n, outputs={"o": bytes([n])}) for n in range(1, 31)]
    facts = made(MANY, [Ran("train", 0, "failed", exit_code=1), *trained])
    given = facts.outputs["train.o"]
    assert given.values == tuple(Cid.of(RAW, bytes([n])) for n in range(1, MAX_VALUES + 1))
    assert given.more == 30 - MAX_VALUES


def test_a_signature_is_checked() -> None:
    """The signer's key is told when it holds; a forged one is damage."""
    store, key = MemoryStore(), SigningKey(bytes(32))
    payload = ATTESTATION.block(SAID).data
    signature = key.sign(ATTESTATION.kind.encode() + b"\0" + payload).signature
    public = bytes(key.verify_key)
    good = SIGNED.block(Signed(payload, public, signature))
    forged = SIGNED.block(Signed(payload, public, bytes(64)))
    store.put([good, forged])
    assert attested(store, [good.cid]) == (SAID, public.hex())
    with pytest.raises(Damaged, match="signature does not hold"):
        attested(store, [forged.cid])


def test_an_unsigned_attestation_has_no_signer() -> None:
    """And none at all is no attestation."""
    store = MemoryStore()
    block = ATTESTATION.block(SAID)
    store.put(
        [block, Block(RESULT.cid(Result(SOME, 0, {})), RESULT.block(Result(SOME, 0, {})).data)]
    )
    assert attested(store, [block.cid]) == (SAID, "")
    assert attested(store, []) == (None, "")


def test_a_run_that_does_not_fit_its_workflow_is_damage(tmp_path: Path) -> None:
    """A step that the workflow has not."""
    with Workspace(tmp_path / "home") as space:
        cid = record(space.store, WORKFLOW, [])
        step = RunStep("other", None, "skipped", None, None, ())
        with pytest.raises(Damaged, match="its workflow has no step"):
            view_of(gather(space, str(_with_step(space, cid, step))))


def _with_proof(space: Workspace, run: Cid, step: RunStep, proof: Cid) -> Cid:
    """Return the same run with another attestation of its one step."""
    return _with_step(
        space, run, RunStep(step.name, step.index, step.status, step.step, step.result, (proof,))
    )


def _with_step(space: Workspace, run: Cid, step: RunStep) -> Cid:
    """Return a run with this step alone."""
    was = RUN.decode(space.store.get(run))
    page = RUN_PAGE_RECORD.block(RunPage((step,)))
    now = RUN.block(Run(was.workflow, was.lock, was.parameters, was.status, (page.cid,)))
    space.store.put([page, now])
    return now.cid
