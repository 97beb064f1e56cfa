"""Redone: what this home keeps of a rerun, as rows of its database. Pure.

Outputs that came out as recorded are not in it: they are in the Run. What a row says is believed
only as far as it has the form that it was written with (`read_redone`, `read_step`).
"""

import json
from typing import Any, Final, NamedTuple, cast, get_args

from engine.content.cid import Cid
from engine.errors import Damaged
from engine.rows import read_cid
from engine.times import LAST_MS
from engine.verdict import RunVerdict, Verdict

REDONE_COLUMNS: Final = "id, run, began_ms, ended_ms, verdict, steps, possible, chain, seed, proves"
STEP_COLUMNS: Final = "step, verdict, note, system, sandbox, signer, wall_ms, outputs"

MAX_TEXT: Final = 2_000  # characters of a note, or of where an output differs
MAX_OUTPUTS: Final = 100  # of one step that are kept: those that are not identical come first

_FIX: Final = "run `tally fsck --repair`"


class Redone(NamedTuple):
    """One rerun of a run: the columns of a row, in their order."""

    id: int  # they count up; 0 until it is kept
    run: Cid
    began_ms: int  # since 1970 UTC
    ended_ms: int
    verdict: RunVerdict
    steps: int  # that were run again
    possible: int  # that could have been
    chain: bool  # each step was fed what the rerun gave
    seed: str  # what the steps were drawn with; "" when they were not
    proves: str  # what those say of the others, in words


class RedoneOutput(NamedTuple):
    """An output that is not identical."""

    name: str
    verdict: Verdict
    was: Cid | None
    now: Cid | None
    where: str  # they part, and how far, in lines


class RedoneStep(NamedTuple):
    """One instance that was run again."""

    step: str  # as "train[1]"
    verdict: Verdict
    note: str  # why it failed, in words
    system: str  # "" where it did not run to its end
    sandbox: str
    signer: str  # the public key as hexadecimal text; "": this machine's own word
    wall_ms: int
    outputs: tuple[RedoneOutput, ...]


def write_outputs(outputs: tuple[RedoneOutput, ...]) -> str:
    """Return outputs as they are kept."""
    found = [
        [one.name, one.verdict, one.was and str(one.was), one.now and str(one.now), one.where]
        for one in outputs
    ]
    return json.dumps(found, separators=(",", ":")) if found else ""


def read_redone(row: tuple[Any, ...]) -> Redone:
    """Return the rerun in REDONE_COLUMNS, as the database has them.

    Raises: Damaged when that is not what was written.
    """
    number, run, began_ms, ended_ms, verdict, steps, possible, chain, seed, proves = row
    whole = (number, began_ms, ended_ms, steps, possible, chain)
    if not all(type(one) is int for one in whole) or not all(_is_text(t) for t in (seed, proves)):
        raise _damaged("a value of another kind than was written")
    if not all(0 <= ms <= LAST_MS for ms in (began_ms, ended_ms)):
        raise _damaged("no time where there should be one")
    if verdict not in get_args(RunVerdict):
        raise _damaged(f"no verdict is {verdict!r:.40}")
    about = (began_ms, ended_ms, cast("RunVerdict", verdict), steps, possible)
    return Redone(number, read_cid(run), *about, bool(chain), seed, proves)


def read_step(row: tuple[Any, ...]) -> RedoneStep:
    """Return what became of an instance, in STEP_COLUMNS as the database has them.

    Raises: Damaged when that is not what was written.
    """
    step, verdict, note, system, sandbox, signer, wall_ms, outputs = row
    if not all(_is_text(text) for text in (step, note, system, sandbox, signer, outputs)):
        raise _damaged("no text where there should be some")
    if type(wall_ms) is not int or not 0 <= wall_ms <= LAST_MS:
        raise _damaged("no time where there should be one")
    if verdict not in get_args(Verdict):
        raise _damaged(f"no verdict is {verdict!r:.40}")
    where = (system, sandbox, signer, wall_ms)
    return RedoneStep(step, cast("Verdict", verdict), note, *where, _outputs(outputs))


def _outputs(text: str) -> tuple[RedoneOutput, ...]:
    try:
        return tuple(map(_output, json.loads(text))) if text else ()
    except (ValueError, TypeError, RecursionError):
        raise _damaged("no outputs where there should be some") from None


def _output(value: list[Any]) -> RedoneOutput:
    name, verdict, was, now, where = value
    if verdict not in get_args(Verdict) or not (_is_text(name) and _is_text(where)):
        raise ValueError(value)
    return RedoneOutput(name, verdict, was and Cid.parse(was), now and Cid.parse(now), where)


def _is_text(value: object) -> bool:
    return type(value) is str


def _damaged(what: str) -> Damaged:
    return Damaged(f"a row in the record of reruns is damaged: {what}", fix=_FIX)
