"""Forgery: what is attested in a run and cannot be so: not signed by who it says, or of others.

That a result is right no one can see here; only that whoever is named has said this, of this step
and this result. What nobody signed is nobody's word, and no forgery. What is attested in a version
that is not known here is not judged: it counts for nothing.

>>> [one.why for one in forgeries(store, run)]                           # doctest: +SKIP
['it is not signed by who it says']
"""

from collections.abc import Iterator
from typing import NamedTuple

from engine.attestations import UnknownVersion
from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.errors import Damaged, NotHere
from engine.evidence import Evidence, evidence
from engine.run import Run, RunStep
from engine.step import RESULT, Result
from engine.summary import run_steps


class Forgery(NamedTuple):
    """What is attested of a step and cannot be so."""

    step: str  # as "train[1]"
    attestation: Cid
    why: str


class Unjudged(NamedTuple):
    """What is attested of a step in a version that is not known here."""

    step: str
    attestation: Cid
    why: str


def forgeries(store: BlockStore, run: Run) -> Iterator[Forgery]:
    """Yield each forgery in a run, as far as its records are here.

    Raises: as look_over.
    """
    return (one for one in look_over(store, run) if isinstance(one, Forgery))


def look_over(store: BlockStore, run: Run) -> Iterator[Forgery | Unjudged]:
    """Yield each forgery in a run, and what is not judged, as far as its records are here.

    Raises: NotHere when its pages are not here; Damaged when those are malformed.
    """
    for step in run_steps(store, run):
        for cid in step.attestations:
            try:
                if (why := _why(store, step, cid)) is not None:
                    yield Forgery(step.id, cid, why)
            except NotHere:
                continue
            except UnknownVersion as unknown:
                yield Unjudged(step.id, cid, unknown.what)


def _why(store: BlockStore, step: RunStep, cid: Cid) -> str | None:
    """Return why something is no attestation of what a run says of a step.

    Raises: NotHere; UnknownVersion.
    """
    if step.step is None or step.result is None:
        return "it attests a step that the run says gave nothing"
    try:
        told = evidence(store, cid)
        result = RESULT.decode(store.get(step.result))
    except UnknownVersion:
        raise
    except Damaged as damaged:
        return damaged.what
    return _objection(step, result, told)


def _objection(step: RunStep, result: Result, told: Evidence) -> str | None:
    said = told.said
    if not told.holds:
        return f"it is not signed by who it says: {told.signer}"
    if not result.step == said.step == step.step:
        return "it is of another step"
    if said.result != step.result:
        return "it is of another result"
    is_good = result.exit_code == 0 and not said.reason
    if is_good == (step.status == "failed"):
        return f"it says that the step {'ended well' if is_good else 'failed'}, the run does not"
    return None
