"""Given: what a workflow starts from: brought here, and held against what it says of that."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from cli.named import Named, check_lock
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.content.cid import Cid
from engine.content.foreign_cid import ForeignCid
from engine.downloads import Downloads
from engine.inputs import Inputs, here
from engine.run import Run
from engine.step import SYSTEM
from engine.summary import load_workflow
from engine.workflow.lock import LOCK

FETCH_PIN: Final = "fetched/"  # and the sha256: what a URL gave, kept under that name


def inputs_of(space: Workspace, named: Named, *, offline: bool) -> Inputs:
    """Return what brings in the inputs of a workflow."""
    return Inputs(
        space.store,
        named.base,
        bring=_bring(space, named),
        downloads=downloads(space, offline=offline),
        foreign=space.foreign,
    )


def downloads(space: Workspace, *, offline: bool) -> Downloads:
    """Return what has the files that URLs name."""
    from cli.download import download
    from cli.mirrors import mirrors, reading

    pins = space.store.pins
    return Downloads(
        space.store,
        fetched=lambda sha256: pins.of(FETCH_PIN + sha256),
        keep=lambda sha256, cid: pins.pin(cid, FETCH_PIN + sha256),
        mirrors=lambda sha256: mirrors(space, sha256),
        reading=lambda mirror: reading(space, mirror),
        fetch=None if offline else download,
        clock=SystemClock(),
    )


def _bring(space: Workspace, named: Named) -> Callable[[Cid], None] | None:
    """Return what has from elsewhere what a workflow speaks of; None when nobody can be asked."""
    if not space.sources:
        return None
    return lambda cid: space.sources.have([cid], named.within)


def call(space: Workspace, named: Named) -> None:
    """Have what comes from elsewhere spoken of by its name in the workflow."""
    arrive = space.arrivals.call
    for name, pinned in (named.lock.environments if named.lock else {}).items():
        if pin := pinned.systems.get(SYSTEM):
            arrive(pin.environment, f"environment '{name}'")
    for name, cid in (named.inputs or {}).items():
        arrive(cid, f"input '{name}'")
    for name, source in named.workflow.inputs.items() if named.inputs is None else ():
        if source.cid is not None:
            arrive(ForeignCid.of_content(source.cid), f"input '{name}'")


def given(space: Workspace, named: Named, inputs: Inputs) -> dict[str, Cid]:
    """Return the CIDs of the inputs: as recorded of a Run, brought in anew for a file.

    Raises: as Inputs.bring and Inputs.compare.
    """
    if named.inputs is not None:
        bring = _bring(space, named)
        found = {name: here(space.store, name, cid, bring) for name, cid in named.inputs.items()}
        inputs.compare(named.workflow.inputs, found)
        return found
    return inputs.bring(named.workflow.inputs)


def hold(space: Workspace, run: Run, within: Cid) -> None:
    """Look whether what a recorded run started from is what its workflow names.

    Only what is here is read: what no step reads need not be. `within`: what the run is a part of.

    Raises: Damaged when it is not.
    """
    held = Inputs(
        space.store,
        Path(),
        bring=None,
        downloads=downloads(space, offline=True),
        foreign=space.foreign,
    )
    workflow, lock = (
        load_workflow(space.store, run.workflow),
        LOCK.decode(space.store.get(run.lock)),
    )
    check_lock(workflow, lock, within)
    held.compare(workflow.inputs, lock.inputs)
