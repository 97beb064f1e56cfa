"""What is told of a run to tools of others: its steps, who vouches for them, what came out."""

import hashlib
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from cli.bundlefile import refuse_forged
from cli.evidenceview import others_of
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.content.reader import read
from engine.content.walk import walk
from engine.run import Run as RunRecord
from engine.statement import Done
from engine.step import RESULT, STEP
from engine.summary import (
    Output,
    StepSummary,
    final_outputs,
    load_run,
    load_workflow,
    of_record,
)
from engine.vouches import vouches


class Run(NamedTuple):
    """A run by its record."""

    cid: Cid
    record: RunRecord


class Told(NamedTuple):
    """All that is told of a run."""

    steps: tuple[StepSummary, ...]
    done: tuple[Done, ...]  # those steps that gave a result
    outputs: dict[str, Output]  # of the workflow
    sums: dict[Cid, dict[str, str]]  # of content that came out: path in it -> SHA-256


def open_run(space: Workspace, cid: Cid) -> Run:
    """Return a run of which nothing that is attested is forged.

    Raises: Damaged when something is; NotHere when its records are not here.
    """
    found = Run(cid, load_run(space.store, cid))
    refuse_forged(space.store, [found.record], "the run")
    return found


def told_of(space: Workspace, run: Run, *, sha256: bool) -> Told:
    """Return what is told of a run; with `sha256`, all that came out is read for its sums.

    Raises: NotHere when it is not all here; Damaged when it is malformed.
    """
    steps = of_record(space.store, run.record)
    keys = {step.key for step in steps if step.key}
    vouched = vouches(space.store, steps, others_of(space, keys, run.cid))
    by_step = {key: tuple(each) for key, each in groupby(vouched, attrgetter("id"))}
    done = tuple(
        Done(
            step,
            STEP.decode(space.store.get(step.key)),
            RESULT.decode(space.store.get(step.result)),
            by_step.get(step.id, ()),
        )
        for step in steps
        if step.key and step.result
    )
    workflow = load_workflow(space.store, run.record.workflow)
    outputs = final_outputs(space.store.get, workflow.outputs, steps)
    made = {cid for one in done for cid in one.result.outputs.values()}
    sums = _sums(space, made) if sha256 else {}
    return Told(steps, done, outputs, sums)


def _sums(space: Workspace, made: Iterable[Cid]) -> dict[Cid, dict[str, str]]:
    return {
        cid: {
            entry.path: _sum(space, entry.cid)
            for entry in walk(space.store.get, cid)
            if entry.kind == "file"
        }
        for cid in made
    }


def _sum(space: Workspace, cid: Cid) -> str:
    found = hashlib.sha256()
    for piece in read(space.store.get, cid):
        found.update(piece)
    return found.hexdigest()
