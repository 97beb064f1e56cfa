"""One step in a sandbox that plays what it is told."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from nacl.signing import VerifyKey

from engine.attestations import WITH_MACHINE, machine_of
from engine.content import dagpb
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, DAG_PB, RAW, Cid
from engine.content.dagpb import Link
from engine.content.schema import Record, kind_of
from engine.content.unixfs import FILE, Message
from engine.errors import Damaged, Unavailable
from engine.runner import Order, Report
from engine.sandbox.base import Job, Limits, Outcome
from engine.sandbox.scripted import Act, Scripted
from engine.seals import holds
from engine.step import (
    ATTESTATION,
    CONTRACT,
    GATHER_PAGE,
    MAX_INLINE_SCRIPT,
    REQUIRES,
    SIGNED,
    STEP,
    SYSTEM,
    Platform,
    Step,
)
from engine.workflow.gathers import gather
from engine.workflow.scripts import script
from tests.engine.test_attestations import HERE
from tests.fakes.home import Home
from tests.fakes.key import Key


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Open a home whose steps are signed."""
    home = Home(tmp_path / "home", signer=Key())
    yield home
    home.close()


def order(*, contract: int = CONTRACT, system: str = SYSTEM) -> Order:
    """Return an order for a step with one output."""
    step = Step(
        closure=Cid.of(DAG_CBOR, b""),
        command=(),
        script="work",
        script_link=None,
        variables={"A": "b"},
        inputs={},
        gathers={},
        outputs={"o": "out/o"},
        platform=Platform(REQUIRES, system),
        contract=contract,
    )
    block = STEP.block(step)
    return Order(block.cid, step, (block,), Limits(memory=5, wall_ms=7))


def run(home: Home, script: Callable[[Job], Act], **changes) -> tuple[Report, Job]:
    """Run it."""
    sandbox = Scripted(script)
    (runner,) = home.runners([sandbox])
    report = runner.run(order(**changes), lambda stream, data: None)
    return report, sandbox.jobs[0]


def good(_: Job) -> Act:
    """Give an output and a log."""
    return Act(files={"o": b"result"}, stdout=b"out", stderr=b"err")


def test_a_job_is_the_step_and_its_limits(home: Home) -> None:
    """A script is executed by the environment's sh; variables are exactly the step's."""
    _, job = run(home, good)

    assert (job.command, job.script) == (("/bin/sh", "-eu", "/.script"), b"work")
    assert job.variables == {"A": "b"}
    assert job.outputs == {"o": "out/o"}
    assert (job.limits.memory, job.limits.wall_ms) == (5, 7)


def test_a_script_that_claims_to_be_endless_is_damage(home: Home) -> None:
    """A few blocks can spell any length: no more is read than a workflow could give."""
    leaf = Block(Cid.of(RAW, bytes(2**20)), bytes(2**20))
    sizes = (2**20,) * 1000
    links = tuple(Link("", leaf.cid, size) for size in sizes)
    node = dagpb.encode(links, Message(FILE, filesize=sum(sizes), blocksizes=sizes).encode())
    endless = Block(Cid.of(DAG_PB, node), node)
    home.store.put([leaf, endless])
    usual = order()
    step = replace(usual.step, script="", script_link=endless.cid)
    (runner,) = home.runners([Scripted(good)])

    with pytest.raises(Damaged, match="a script of over"):
        runner.run(replace(usual, step=step), lambda stream, data: None)


def test_parts_of_a_step_that_nobody_has_stored_are_there(home: Home) -> None:
    """The pages of a long gather and a long script are new when their step is."""
    files = [Block(Cid.of(RAW, b"%d" % n), b"%d" % n) for n in range(GATHER_PAGE + 1)]
    home.store.put(files)
    found = gather(tuple(file.cid for file in files))
    text = script("x" * (MAX_INLINE_SCRIPT + 1))
    step = replace(order().step, script="", script_link=text.link, gathers={"all": found.gather})
    record = STEP.block(step)
    whole = Order(record.cid, step, (*found.blocks, *text.blocks, record), Limits())
    seen: list[int] = []

    def look(job: Job) -> Act:
        assert job.inputs is not None
        seen.extend((len(list((job.inputs / "all").iterdir())), len(job.script or b"")))
        return good(job)

    (runner,) = home.runners([Scripted(look)])
    assert runner.run(whole, lambda stream, data: None).succeeded
    assert seen == [GATHER_PAGE + 1, MAX_INLINE_SCRIPT + 1]


def test_a_result_names_the_outputs_and_nothing_that_varies(home: Home) -> None:
    """Two runs at different times give one Result and two Attestations."""
    one, _ = run(home, good)
    two, _ = run(home, good)

    assert one.succeeded
    assert one.result.outputs == {"o": Cid.of(RAW, b"result")}
    assert one.result_cid == two.result_cid


def test_a_report_brings_all_its_blocks(home: Home) -> None:
    """The step, the output, logs and records are there to be made durable together."""
    report, _ = run(home, good)

    data = {block.cid: block.data for block in report.blocks}
    assert {b"result", b"out", b"err"} <= set(data.values())
    assert {report.result.step, report.result_cid, report.attestation_cid} <= data.keys()
    assert not home.store.has(report.result_cid)


def test_an_attestation_is_signed(home: Home) -> None:
    """The signature is over the record's exact bytes, for its kind alone."""
    report, _ = run(home, good)
    data = {block.cid: block.data for block in report.blocks}
    assert report.signed is not None
    signed = SIGNED.decode(data[report.signed])

    assert signed.payload == data[report.attestation_cid]
    assert signed.public_key == report.signer
    message = ATTESTATION.kind.encode() + b"\0" + signed.payload
    VerifyKey(signed.public_key).verify(message, signed.signature)


@pytest.mark.parametrize(("owner", "version"), [(b"", WITH_MACHINE), (b"\1" * 32, ATTESTATION)])
def test_a_step_of_another_peer_is_attested_as_every_peer_reads_it(
    home: Home, owner: bytes, version: Record
) -> None:
    """The machine is named of this machine's own steps; to others goes the first version."""
    (runner,) = home.runners([Scripted(good)], machine=HERE)
    report = runner.run(replace(order(), owner=owner), lambda stream, data: None)
    data = {block.cid: block.data for block in report.blocks}
    assert kind_of(data[report.attestation_cid]) == version.kind
    assert machine_of(report.attestation) == (None if owner else HERE)
    assert report.signed is not None
    assert holds(version.kind, SIGNED.decode(data[report.signed]))


def test_a_failed_step_has_no_outputs(home: Home) -> None:
    """Its Result says how it ended, and it did not succeed."""
    report, _ = run(home, lambda _: Act(outcome=Outcome(3, "", "", 5, 3, 9, False), stderr=b"no"))

    assert not report.succeeded
    assert (report.result.exit_code, report.result.outputs) == (3, {})
    assert report.attestation.stderr == Cid.of(RAW, b"no")


def test_a_missing_output_is_a_failure(home: Home) -> None:
    """A program that exits 0 without its outputs has not succeeded."""
    ended = Outcome(0, "missing-output", "out/o", 5, 3, 9, False)

    report, _ = run(home, lambda _: Act(outcome=ended))

    assert not report.succeeded
    assert report.detail == "out/o"


def test_a_long_log_is_stored_at_once(home: Home) -> None:
    """What is too large to be held back is in the store as a file of its own."""
    report, _ = run(home, lambda _: Act(files={"o": b"result"}, stdout=bytes(100_000)))

    assert report.attestation.stdout is not None
    assert home.store.path_of(report.attestation.stdout) is not None
    assert sum(len(block.data) for block in report.blocks) < 10_000


@pytest.mark.parametrize("changes", [{"contract": CONTRACT + 1}, {"system": "riscv64-linux"}])
def test_a_step_for_elsewhere_is_not_run(home: Home, changes: dict[str, object]) -> None:
    """A newer contract or another platform is Unavailable here, before anything is staged."""
    with pytest.raises(Unavailable):
        run(home, good, **changes)


def test_a_sandbox_is_renewed_between_owners(home: Home) -> None:
    """And kept between the steps of one."""
    sandbox = Scripted(good)
    (runner,) = home.runners([sandbox])
    seen = []
    for owner in (b"a", b"a", b"b", b"", b"b"):
        runner.run(replace(order(), owner=owner), lambda stream, data: None)
        seen.append(sandbox.renewed)
    assert seen == [0, 0, 1, 2, 3]
