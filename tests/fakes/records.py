"""Runs that nobody ran: their records, made as a run makes them, or as a stranger might."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.content.blocks import Block, BlockStore
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.nix.records import CLOSURE, Closure, ClosurePath
from engine.run import RUN, Run, RunStep, run_pages
from engine.step import (
    ATTESTATION,
    CONTRACT,
    REQUIRES,
    RESULT,
    STEP,
    SYSTEM,
    Attestation,
    Platform,
    Result,
    Step,
)  # fmt: skip
from engine.workflow.lock import LOCK, Lock, LockedEnvironment
from engine.workflow.model import WORKFLOW
from engine.workflow.parameters import bind
from engine.workflow.parse import parse

NOON_MS = 1_800_000_000_000
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Ran:
    """What is to be recorded of an instance."""

    step: str
    index: int | None = None
    status: str = "ran"
    after_ms: int = 0  # from the beginning of the run to its start
    wall_ms: int = 1_000
    memory: int = 32 * MIB
    exit_code: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    reason: str = ""
    outputs: Mapping[str, bytes] = field(default_factory=lambda: {"o": b"same"})
    sandbox: str = "bwrap 0.8.0 seccomp watchdog"
    system: str = "Linux 6.1 x86_64"


def record(
    store: BlockStore,
    text: str,
    instances: Iterable[Ran],
    *,
    status: str = "succeeded",
    params: Mapping[str, str] | None = None,
    paths: Iterable[tuple[str, int]] = (("0" * 32 + "-sh", 1_000_000),),
) -> Cid:
    """Store the records of a run of a workflow; its environments have these paths and sizes."""
    workflow = parse(text, "test.yaml")
    found = tuple(ClosurePath(name, bytes(32), size, ()) for name, size in sorted(paths))
    closure = CLOSURE.block(
        Closure("/nix/store", SYSTEM, (found[0].name,), (f"/nix/store/{found[0].name}/bin",), found)
    )
    environment = Cid.of(DAG_CBOR, b"no environment")
    locked = LockedEnvironment(environment, closure.cid, "", "sha256:" + "0" * 64)
    inputs = {name: Cid.of(RAW, name.encode()) for name in workflow.inputs}
    lock = LOCK.block(Lock({key: {SYSTEM: locked} for key in workflow.environments}, inputs))
    blocks: list[Block] = [WORKFLOW.block(workflow), closure, lock]
    steps = tuple(_step(blocks, closure.cid, one) for one in instances)
    pages = run_pages(steps)
    values = bind(workflow, params or {}).values
    links = tuple(page.cid for page in pages)
    run = RUN.block(Run(blocks[0].cid, lock.cid, values, status, links))
    store.put([*blocks, *pages, run])
    return run.cid


def _step(blocks: list[Block], closure: Cid, one: Ran) -> RunStep:
    if one.status == "skipped":
        return RunStep(one.step, one.index, one.status, None, None, ())
    step = STEP.block(_work(closure, one))
    outputs = {} if one.exit_code or one.reason else one.outputs
    files = {name: _file(blocks, data) for name, data in outputs.items()}
    kept = {name: cid for name, cid in files.items() if cid is not None}
    result = RESULT.block(Result(step.cid, one.exit_code, kept))
    attestation = ATTESTATION.block(
        Attestation(
            step.cid,
            result.cid,
            one.sandbox,
            one.system,
            NOON_MS + one.after_ms,
            one.wall_ms,
            one.wall_ms // 2,
            one.memory,
            _file(blocks, one.stdout),
            _file(blocks, one.stderr),
            False,
            one.reason,
        )
    )
    blocks += [step, result, attestation]
    return RunStep(one.step, one.index, one.status, step.cid, result.cid, (attestation.cid,))


def _work(closure: Cid, one: Ran) -> Step:
    command = ("run", one.step, str(one.index))
    platform = Platform(REQUIRES, SYSTEM)
    paths = {name: name for name in one.outputs}
    variables = {"OMP_NUM_THREADS": "1", "TZ": "UTC"}
    return Step(closure, command, "", None, variables, {}, {}, paths, platform, CONTRACT)


def _file(blocks: list[Block], data: bytes) -> Cid | None:
    if not data:
        return None
    block = Block(Cid.of(RAW, data), data)
    blocks.append(block)
    return block.cid
