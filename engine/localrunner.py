"""LocalRunner: runs a step in a sandbox of this machine.

Stage the inputs, enter the sandbox, gather the outputs, say what happened. What it makes is held
back in memory as far as it is small, for the recorder to make durable with that of other steps.
"""

from io import BytesIO
from typing import Literal

from engine.attestations import MachineAttestation, record_of
from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Unavailable
from engine.host import Host
from engine.jobs import check_platform, job_of
from engine.memo import UNSIGNED
from engine.pending import Pending
from engine.runner import Order, Report
from engine.sandbox.base import LogSink, Outcome, Sandbox
from engine.seals import seal
from engine.step import RESULT, Attestation, Result, Step
from engine.store.intake import Intake
from engine.store.treebuilder import Outputs


class LocalRunner:
    """One slot of this machine: a Runner around a Sandbox."""

    def __init__(self, host: Host, sandbox: Sandbox) -> None:
        self._host = host
        self._sandbox = sandbox
        self._owner: bytes | None = None  # of the last step

    def run(self, order: Order, logs: LogSink) -> Report:
        """Run a step to its end; a step that fails is a Report too.

        Raises: Unavailable when it cannot be run here and now; Refused when it never can, or made
        what cannot be kept; Damaged when an input is not what it is named.
        """
        check_platform(order.step)
        self._put_parts(order)
        if self._owner not in (None, order.owner):
            self._sandbox.renew()
        self._owner = order.owner
        pending = Pending(self._host.store)
        outputs, log = Outputs(pending), _Log(logs)
        staged = self._host.staging.stage(order.step, self._host.most_staged)
        try:
            job = job_of(self._host, order.step, staged, order.limits)
            started_ms = self._host.clock.now_ms()
            outcome = self._sandbox.run(job, log, outputs)
        finally:
            self._host.staging.discard(staged)
        ended = outcome.reason == "" and outcome.exit_code == 0
        made = _made(order.step, outputs) if ended else {}
        result = Result(order.key, outcome.exit_code, made)
        record, streams = RESULT.block(result), log.keep(pending)
        attestation = self._attestation(order, record.cid, started_ms, outcome, streams)
        blocks = (*order.blocks, *pending.take(), record)
        return self._report(result, record.cid, attestation, outcome.detail, blocks)

    def cancel(self) -> None:
        """End the step that is running; `run` then reports "cancelled"."""
        self._sandbox.cancel()

    def close(self) -> None:
        """Give the sandbox back."""
        self._sandbox.close()

    def _put_parts(self, order: Order) -> None:
        """Store what the step's record links to: the pages of long gathers, a long script."""
        parts = [block for block in order.blocks if block.cid != order.key]
        if parts:  # few steps have any
            self._host.store.put(parts)

    def _attestation(
        self,
        order: Order,
        result: Cid,
        started_ms: int,
        outcome: Outcome,
        streams: tuple[Cid | None, Cid | None],
    ) -> Attestation:
        said = (
            order.key,
            result,
            self._sandbox.tier,
            self._host.system,
            started_ms,
            outcome.wall_ms,
            outcome.processor_ms,
            outcome.peak_memory,
            *streams,
            outcome.truncated,
            outcome.reason,
        )
        if order.owner or self._host.machine is None:
            return Attestation(*said)  # the version that peers of every version read
        return MachineAttestation(*said, self._host.machine)

    def _report(
        self,
        result: Result,
        result_cid: Cid,
        attestation: Attestation,
        detail: str,
        blocks: tuple[Block, ...],
    ) -> Report:
        version = record_of(attestation)
        record = version.block(attestation)
        signer = self._host.signer
        signed = seal(version.kind, record.data, signer) if signer else None
        return Report(
            result=result,
            result_cid=result_cid,
            attestation=attestation,
            attestation_cid=record.cid,
            signed=signed.cid if signed else None,
            signer=signer.public_key if signer else UNSIGNED,
            detail=detail,
            blocks=(*blocks, record, *((signed,) if signed else ())),
        )


def _made(step: Step, outputs: Outputs) -> dict[str, Cid]:
    """Return the outputs of a step that has ended well.

    Raises: Unavailable when they are not those that were asked for.
    """
    made = {name: added.cid for name, added in outputs.finish().items()}
    if made.keys() != step.outputs.keys():
        what = "the sandbox gave other outputs than it was asked for"
        raise Unavailable(what, fix="run it again; if it happens twice, report it")
    return made


class _Log:
    """Keeps what a step prints while passing it on; the sandbox bounds how much that is."""

    def __init__(self, follow: LogSink) -> None:
        self._follow = follow
        self._streams = {"stdout": bytearray(), "stderr": bytearray()}

    def __call__(self, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        self._streams[stream] += data
        self._follow(stream, data)

    def keep(self, pending: Pending) -> tuple[Cid | None, Cid | None]:
        """Store both streams; None for one that is empty."""
        return self._one(pending, "stdout"), self._one(pending, "stderr")

    def _one(self, pending: Pending, stream: str) -> Cid | None:
        data = self._streams[stream]
        if not data:
            return None
        intake = Intake(pending)
        link, _ = intake.stream(BytesIO(data))
        intake.flush()
        return link.cid
