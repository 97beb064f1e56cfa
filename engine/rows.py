"""Rows: what the journal keeps of a run and of each of its instances. Pure."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from engine.content.cid import Cid

Name = tuple[str, int]  # of an instance: its step and index; 0 when it is not scattered
RunStatus = Literal["running", "interrupted", "succeeded", "failed", "cancelled"]
StepStatus = Literal["ran", "reused", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run about to begin."""

    work: bytes  # a digest of all that makes two commands the same: workflow, lock, inputs, params
    workflow: Cid
    title: str  # the workflow's name
    parameters: dict[str, str]  # name -> compact JSON


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run, as it is now."""

    id: str
    name: str  # two words
    workflow: Cid
    title: str
    parameters: dict[str, str]
    status: RunStatus
    created_ms: int  # since 1970 UTC
    finished_ms: int | None
    run: Cid | None  # the Run record, once finished
    imported: bool = False  # it was made elsewhere; its times are those of its import


class StepRow(NamedTuple):
    """What became of one instance of a step: the columns of a row, in their order."""

    step: str
    index: int  # type: ignore[assignment]  # WHOLE for a step whose instances were never known
    status: StepStatus
    key: Cid | None
    result: Cid | None
    attestation: Cid | None
    signed: Cid | None  # the Signed attestation, when there was a key
    wall_ms: int
    stdout: Cid | None
    stderr: Cid | None
    note: str  # why it failed or was skipped, in words
