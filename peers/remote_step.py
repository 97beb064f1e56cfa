"""RemoteStep: a step of a run that peers run, from when it is started until it ends."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Literal

from engine.content.cid import DAG_CBOR, Cid
from engine.content.reader import read
from engine.rows import Name
from engine.runner import Order, Report
from engine.sandbox.base import LogSink
from engine.step import ATTESTATION, RESULT, Attestation
from peers.run_frames import Outcome

Begun = Callable[[], None]


class RemoteStep:
    """A step that was started, and has not ended."""

    def __init__(self, number: int, name: Name, order: Order, logs: LogSink, begun: Begun) -> None:
        self.number = number
        self.name = name
        self.order = order
        self.end: Future[Report] = Future()
        self._logs = logs
        self._begun: Begun | None = begun  # None once it was called

    @property
    def is_waiting(self) -> bool:
        """Whether no peer has begun it."""
        return self._begun is not None

    def begin(self) -> None:
        """Say that a peer has begun it, once."""
        if self._begun is not None:
            begun, self._begun = self._begun, None
            begun()

    def show(self, attestation: Attestation, get: Callable[[Cid], bytes]) -> None:
        """Pass on what it printed, now that it has ended."""
        streams: tuple[tuple[Literal["stdout", "stderr"], Cid | None], ...]
        streams = (("stdout", attestation.stdout), ("stderr", attestation.stderr))
        for stream, cid in streams:
            for piece in read(get, cid) if cid is not None else ():
                self._logs(stream, piece)


def report_of(outcome: Outcome) -> Report:
    """Return what came out of a step. Nothing is to be put: the node did that."""
    attestation = ATTESTATION.decode(outcome.attestation)
    return Report(
        result=RESULT.decode(outcome.result),
        result_cid=Cid.of(DAG_CBOR, outcome.result),
        attestation=attestation,
        attestation_cid=Cid.of(DAG_CBOR, outcome.attestation),
        signed=outcome.proof,
        signer=outcome.signer,
        detail="",
        blocks=(),
    )
