"""Rows: what the journal keeps of a run and of each of its instances. Pure.

A database checks no bytes: what a row says is believed only as far as it has the form that it was
written with (`read_run`, `read_step`).
"""

import json
from typing import Any, Final, Literal, NamedTuple, cast, get_args

from engine.content.cid import Cid, are_cids
from engine.errors import Damaged
from engine.times import LAST_MS
from engine.values import dataclass

RUN_COLUMNS: Final = (
    "id, name, workflow, title, parameters, status, created_ms, finished_ms, run, work IS run"
)
STEP_COLUMNS: Final = (
    "step, idx, status, key, result, attestation, signed, wall_ms, stdout, stderr, note"
)

WHOLE: Final = -1  # the index of a step whose instances were never known, as when it was skipped

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
    index: int  # type: ignore[assignment]  # or WHOLE
    status: StepStatus
    key: Cid | None
    result: Cid | None
    attestation: Cid | None
    signed: Cid | None  # the Signed attestation, when there was a key
    wall_ms: int
    stdout: Cid | None
    stderr: Cid | None
    note: str  # why it failed or was skipped, in words


_FIX: Final = "run `tally fsck --repair`"
_STEP_STATUSES: Final = frozenset(get_args(StepStatus))
_RUN_STATUSES: Final = frozenset(get_args(RunStatus)) - {"interrupted"}


def read_run(row: tuple[Any, ...]) -> RunRow:
    """Return the run in RUN_COLUMNS, as the database has them.

    Raises: Damaged when that is not what was written.
    """
    identity, name, workflow, title, parameters, status, created_ms, finished_ms, *ends = row
    run, imported = ends
    texts, times = (identity, name, title, parameters), (created_ms, finished_ms or 0)
    if not all(type(text) is str for text in texts) or not all(type(ms) is int for ms in times):
        raise _damaged("a value of another kind than was written")
    if not all(abs(ms) <= LAST_MS for ms in times):
        raise _damaged("no time where there should be one")
    if status not in _RUN_STATUSES:
        raise _damaged(f"no run is {status!r:.40}")
    return RunRow(
        identity, name, read_cid(workflow), title, _parameters(parameters), status, created_ms,
        finished_ms, None if run is None else read_cid(run), bool(imported),
    )  # fmt: skip


def read_step(row: tuple[Any, ...]) -> StepRow:
    """Return what became of an instance, in STEP_COLUMNS as the database has them.

    Raises: Damaged when that is not what was written.
    """
    step, index, status, key, result, attestation, signed, wall_ms, stdout, stderr, note = row
    cids = [cid for cid in (key, result, attestation, signed, stdout, stderr) if cid is not None]
    if not are_cids(cids):
        raise _damaged("no CID where there should be one")
    if type(step) is not str or type(note) is not str:
        raise _damaged("no text where there should be some")
    if type(index) is not int or type(wall_ms) is not int:
        raise _damaged("no number where there should be one")
    if not 0 <= wall_ms <= LAST_MS:
        raise _damaged("no time where there should be one")
    if status not in _STEP_STATUSES:
        raise _damaged(f"no step is {status!r:.40}")
    return StepRow(
        step, index, status, key and Cid(key), result and Cid(result),
        attestation and Cid(attestation), signed and Cid(signed), wall_ms, stdout and Cid(stdout),
        stderr and Cid(stderr), note,
    )  # fmt: skip


def read_cid(raw: object) -> Cid:
    """Return the CID in a column.

    Raises: Damaged when it is none.
    """
    if not are_cids((raw,)):
        raise _damaged("no CID where there should be one")
    return Cid(cast("bytes", raw))


def _parameters(text: str) -> dict[str, str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise _damaged("no params where there should be some")
    return value


def _damaged(what: str) -> Damaged:
    return Damaged(f"a row in the record of runs is damaged: {what}", fix=_FIX)
