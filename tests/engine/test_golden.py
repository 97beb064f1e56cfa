"""Golden records: the bytes of every kind of record, kept for ever.

A published version keeps its bytes and its decoder: a change that reddens this needs a new version
beside the old one (docs/adr/0001). Before the first release the golden file may still be changed.
"""

import json
import re
from pathlib import Path

import pytest

from engine.attestations import WITH_MACHINE, MachineAttestation
from engine.batch import BATCH, PROOF, Batch, Proof
from engine.built import BUILT, BuildAttestation, BuiltPath
from engine.content import canonical
from engine.content.cid import BLAKE3, DAG_CBOR, DAG_PB, RAW, Cid
from engine.content.schema import Record, kind_of
from engine.content.tree import TREE, Tree
from engine.machine import Machine
from engine.nix.records import CLOSURE, ENVIRONMENT, Closure, ClosurePath, Environment
from engine.release import RELEASE, Release
from engine.run import RUN, RUN_PAGE_RECORD, Run, RunPage, RunStep
from engine.step import (
    ATTESTATION,
    GATHER_PAGE_RECORD,
    RESULT,
    SIGNED,
    STEP,
    Attestation,
    Gather,
    GatherPage,
    Platform,
    Result,
    Signed,
    Step,
)
from engine.thin import THIN, Thin
from engine.trust.wrong import WRONG_RESULT, Word, WrongResult
from engine.workflow.lock import LOCK, Lock, LockedEnvironment
from engine.workflow.model import (
    WORKFLOW,
    WORKFLOW_2,
    Axis,
    Comparator,
    EnvironmentSource,
    InputSource,
    OutputFile,
    Resources,
    Verify,
    Workflow,
    WorkflowStep,
)

ROOT = Path(__file__).parents[2]
GOLDEN = json.loads((ROOT / "tests/vectors/records.json").read_text())


def link(number: int, codec: int = RAW) -> Cid:
    """Return a name whose digest is one byte, again and again."""
    return Cid(bytes((1, codec, BLAKE3, 32)) + bytes((number,)) * 32)


BASE = "0c0y3qzb8zb0zsbwqv9m7ccz5qlc4hxd-hello-2.12"
OTHER = "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-glibc-2.35"

EXAMPLES: list[tuple[Record, object]] = [
    (TREE, Tree(link(1, DAG_PB), ("bin/run", "bin/é"))),
    (GATHER_PAGE_RECORD, GatherPage((link(2), link(2)))),
    (
        STEP,
        Step(
            closure=link(3, DAG_CBOR),
            command=("python", "/in/code", "/out/model.npz"),
            script="",
            script_link=None,
            variables={"TZ": "UTC", "HOME": "/build", "NAME": "π"},
            inputs={"code": link(4), "data": link(5, DAG_PB)},
            gathers={
                "few": Gather((link(6),), ()),
                "many": Gather((), (link(7, DAG_CBOR), link(8, DAG_CBOR))),
            },
            outputs={"model": "model.npz", "log": "logs/of/it.txt"},
            platform=Platform(requires="x86-64-v3", system="x86_64-linux"),
            contract=1,
        ),
    ),
    (RESULT, Result(step=link(9, DAG_CBOR), exit_code=0, outputs={"model": link(10)})),
    (
        ATTESTATION,
        Attestation(
            step=link(9, DAG_CBOR),
            result=link(11, DAG_CBOR),
            sandbox="bwrap 0.8.0 seccomp watchdog",
            system="Linux 6.1.0 x86_64",
            started_ms=1_700_000_000_000,
            wall_ms=23,
            processor_ms=24,
            peak_memory=65_536,
            stdout=link(12),
            stderr=None,
            truncated=False,
            reason="",
        ),
    ),
    (
        WITH_MACHINE,
        MachineAttestation(
            step=link(9, DAG_CBOR),
            result=link(11, DAG_CBOR),
            sandbox="bwrap 0.8.0 seccomp watchdog",
            system="Linux 6.1.0 x86_64; GenuineIntel 6/207 x86-64-v4",
            started_ms=1_700_000_000_000,
            wall_ms=23,
            processor_ms=24,
            peak_memory=65_536,
            stdout=None,
            stderr=link(12),
            truncated=False,
            reason="",
            machine=Machine(
                kernel="Linux 6.1.0",
                vendor="GenuineIntel",
                family=6,
                model=207,
                brand="Intel(R) Xeon(R) Processor",
                level=4,
                used=("avx", "avx2", "fma"),
                masked=("avx512bw", "avx512f"),
                cores=2,
            ),
        ),
    ),
    (
        BUILT,
        BuildAttestation(
            derivation=f"/nix/store/{BASE}.drv",
            system="x86_64-linux",
            outputs={"out": BuiltPath(BASE, bytes(32), 120)},
            closure=link(24, DAG_CBOR),
            built_ms=1_700_000_000_000,
            nix_version="2.8.0",
            machine=Machine("Linux 6.1.0", "GenuineIntel", 6, 207, "Xeon", 4, ("avx",), (), 2),
        ),
    ),
    (SIGNED, Signed(payload=b"\xa0", public_key=bytes(32), signature=b"\xff" * 64)),
    (RELEASE, Release(link(23, DAG_CBOR), bytes(32), b"\xff" * 64)),
    (BATCH, Batch(agreement=link(21, DAG_CBOR), number=1, count=3, root=b"\x05" * 32)),
    (PROOF, Proof(link(22, DAG_CBOR), link(11, DAG_CBOR), 2, (b"\x06" * 32, b"\x07" * 32))),
    (
        CLOSURE,
        Closure(
            store_dir="/nix/store",
            system="x86_64-linux",
            roots=(BASE,),
            search_path=(f"/nix/store/{BASE}/bin",),
            paths=(
                ClosurePath(BASE, b"\x01" * 32, 2**40, (BASE, OTHER)),
                ClosurePath(OTHER, b"\x02" * 32, 120, ()),
            ),
        ),
    ),
    (ENVIRONMENT, Environment(link(13, DAG_CBOR), {BASE: link(14)}, link(15, DAG_PB))),
    (
        RUN_PAGE_RECORD,
        RunPage(
            (
                RunStep("train", 3, "ran", link(9), link(11), (link(16), link(17))),
                RunStep("report", None, "skipped", None, None, ()),
            )
        ),
    ),
    (RUN, Run(link(18), link(19), {"epochs": "30"}, "succeeded", (link(20),))),
    (
        LOCK,
        Lock(
            {"ml": {"x86_64-linux": LockedEnvironment(link(13), link(3), "", "sha256:00")}},
            {"code": link(4)},
        ),
    ),
    (
        WORKFLOW,
        Workflow(
            name="digits",
            description="",
            parameters={"seeds": "[0,1]", "epochs": None},
            inputs={"code": InputSource("src", None, None, None, ("*.bak",), "any")},
            environments={"ml": EnvironmentSource("nix", "../env/default.nix", "env-numpy")},
            steps={
                "train": WorkflowStep(
                    environment="ml",
                    command=(),
                    script="python {inputs.code}",
                    inputs={"code": "inputs.code/train.py"},
                    outputs={"model": OutputFile("model.npz", Verify("tolerance", "1e-06"))},
                    scatter=(Axis("seed", "params.seeds"),),
                    needs=("prepare",),
                    resources=Resources(cpus=1, memory=2**30, disk=2**32, wall_ms=60_000),
                    retries=1,
                    variables={"A": "b"},
                    reusable=True,
                    condition=None,
                )
            },
            outputs={"model": "train.model"},
        ),
    ),
    (
        WORKFLOW_2,
        Workflow(
            name="digits",
            description="",
            parameters={},
            inputs={"code": InputSource("src", None, None, None, (), "any")},
            environments={"ml": EnvironmentSource("nix", "../env/default.nix", "env-numpy")},
            steps={
                "train": WorkflowStep(
                    environment="ml",
                    command=(),
                    script="train > {outputs.model}",
                    inputs={},
                    outputs={
                        "model": OutputFile(
                            "model.npz",
                            Verify(
                                "compare",
                                None,
                                Comparator(
                                    environment="ml",
                                    command=("python", "{inputs.code}"),
                                    script="",
                                    inputs={"code": "inputs.code/compare.py"},
                                    resources=Resources(),
                                ),
                            ),
                        ),
                        "log": OutputFile("log", Verify("none", None)),
                    },
                    scatter=(),
                    needs=(),
                    resources=Resources(),
                    retries=0,
                    variables={},
                    reusable=True,
                    condition=None,
                )
            },
            outputs={"model": "train.model"},
            trust="2/3",
        ),
    ),
    (THIN, Thin(picks=(3, 0), seed="a seed", whole=link(1, DAG_CBOR))),
    (
        WRONG_RESULT,
        WrongResult(
            step=link(1, DAG_CBOR),
            environment=link(2, DAG_CBOR),
            cores=1,
            memory=2**31,
            scratch=2**32,
            wall_ms=60_000,
            claim=Word(b"signed", b"path", b"attestation", b"result"),
            others=(Word(b"", b"", b"attestation", b"another"),),
        ),
    ),
]


@pytest.mark.parametrize(("record", "value"), EXAMPLES, ids=lambda part: getattr(part, "kind", ""))
def test_golden_bytes(record, value):
    """A record's bytes and its name are those of the golden file, and decode to it."""
    golden = GOLDEN[record.kind]
    data = record.encode(value)
    assert data.hex() == "".join(golden["hex"])
    assert str(record.cid(value)) == golden["cid"]
    assert record.decode(data) == value


@pytest.mark.parametrize(("record", "value"), EXAMPLES, ids=lambda part: getattr(part, "kind", ""))
def test_records_are_canonical_and_begin_with_their_kind(record, value):
    """The general decoder reads every record, and its kind can be read from how it begins."""
    data = record.encode(value)
    assert canonical.encode(canonical.decode(data)) == data
    assert kind_of(data) == record.kind
    assert data[1:6] == b"\x64kind"


def test_every_kind_is_golden():
    """There is a golden record of every kind that the engine has."""
    source = "\n".join(path.read_text() for path in (ROOT / "engine").rglob("*.py"))
    kinds = set(re.findall(r'^[A-Z0-9_]+: Final = Record\(\s*"([^"]+)"', source, re.MULTILINE))
    assert kinds == GOLDEN.keys() == {record.kind for record, _ in EXAMPLES}
