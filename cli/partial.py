"""Partial: runs of which a part is here, as it came in a thin bundle."""

from cli.workspace import Workspace
from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Refused
from engine.summary import StepSummary, load_run, of_part, of_record
from engine.thin import THIN, THIN_PIN, Thin, is_thin, picked, repeatable


def thin_at(space: Workspace, cid: Cid) -> Thin | None:
    """Return the part of a run that a CID names; None when it names something else."""
    if cid.codec != DAG_CBOR or not space.store.has(cid) or not is_thin(space.store, cid):
        return None
    return THIN.decode(space.store.get(cid))


def parts_of(space: Workspace, run: Cid) -> dict[Cid, Thin]:
    """Return the parts of a run that came here, by their names; none of one that is here whole."""
    if any(row.run == run for row in space.journal.runs()):
        return {}
    pinned = (cid for cid, name in space.store.pins.all() if name == THIN_PIN)
    found = {cid: thin for cid in pinned if (thin := thin_at(space, cid)) is not None}
    return {cid: thin for cid, thin in found.items() if thin.whole == run}


def part_of(space: Workspace, run: Cid) -> Thin | None:
    """Return the part of a run that came here; None when it is not a part.

    Raises: Refused when several did.
    """
    found = parts_of(space, run)
    if len(found) > 1:
        what = f"{len(found)} samples of this run are here"
        raise Refused(what, where=str(run), fix=f"name one: {', '.join(map(str, found))}")
    return next(iter(found.values()), None)


def steps_of(space: Workspace, run: Cid) -> tuple[tuple[StepSummary, ...], frozenset[str] | None]:
    """Return the steps of a run, and which of them are here; None: all.

    Raises: NotHere when records of them are not; Damaged when they are malformed.
    """
    record = load_run(space.store, run)
    if not (parts := parts_of(space, run).values()):
        return of_record(space.store, record), None
    steps = repeatable(space.store, record)
    ids = frozenset(step.id for thin in parts for step in picked(thin, steps))
    return of_part(space.store, record, ids), ids
