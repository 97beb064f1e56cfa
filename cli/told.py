"""What is told of a run to tools of others: its steps, who vouches for them, what came out."""

import hashlib
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from cli.bundlefile import refuse_forged
from cli.evidenceview import others_of
from cli.report import note, some
from cli.workspace import Workspace
from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.content.reader import read
from engine.content.walk import walk
from engine.errors import NotHere
from engine.forgery import look_over
from engine.run import Run as RunRecord
from engine.sourced import Sourced
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

MOST_NAMED: Final = 5  # outputs that are not here


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
    store = Sourced(space.store, space.sources, cid)
    found = Run(cid, load_run(store, cid))
    refuse_forged(list(look_over(store, found.record)), "the run")
    return found


def told_of(space: Workspace, run: Run, *, sha256: bool) -> Told:
    """Return what is told of a run; with `sha256`, all that came out is read for its sums.

    What came out and is not to be had has no sums: that is said.

    Raises: NotHere when its records are not here; Damaged when it is malformed.
    """
    store = Sourced(space.store, space.sources, run.cid)
    steps = of_record(store, run.record)
    keys = {step.key for step in steps if step.key}
    vouched = vouches(store, steps, others_of(space, keys, run.cid))
    by_step = {key: tuple(each) for key, each in groupby(vouched, attrgetter("id"))}
    done = tuple(
        Done(
            step,
            STEP.decode(store.get(step.key)),
            RESULT.decode(store.get(step.result)),
            by_step.get(step.id, ()),
        )
        for step in steps
        if step.key and step.result
    )
    workflow = load_workflow(store, run.record.workflow)
    outputs = final_outputs(store.get, workflow.outputs, steps)
    return Told(steps, done, outputs, _sums(store, done) if sha256 else {})


def _sums(store: BlockStore, done: Iterable[Done]) -> dict[Cid, dict[str, str]]:
    """Return the sums of what came out, as far as it is to be had; say what is not."""
    found: dict[Cid, dict[str, str]] = {}
    lacks = dict[Cid, str]()
    for one in done:
        for name, cid in one.result.outputs.items():
            if cid not in found and cid not in lacks:
                try:
                    found[cid] = _sums_of(store, cid)
                except NotHere:
                    lacks[cid] = f"{one.summary.id}/{name}"
    if lacks:
        named = some(list(lacks.values()), MOST_NAMED)
        note(f"without SHA-256, as their content is not here: {named}")
    return found


def _sums_of(store: BlockStore, cid: Cid) -> dict[str, str]:
    return {
        entry.path: _sum(store, entry.cid) for entry in walk(store.get, cid) if entry.kind == "file"
    }


def _sum(store: BlockStore, cid: Cid) -> str:
    found = hashlib.sha256()
    for piece in read(store.get, cid):
        found.update(piece)
    return found.hexdigest()
