"""Kept: content that a workflow here says is not for everybody, and what strangers name of it.

A stranger's workflow starts from whatever its lock names. Who knows the CID of what somebody keeps
could else have them publish it, or send it to peers.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Final

from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Damaged, NotHere, Refused
from engine.summary import load_run, load_workflow
from engine.workflow.lock import LOCK

MAX_RUNS: Final = 1_000  # the newest: each takes three records


def refuse_kept(space: Workspace, given: Mapping[str, Cid]) -> None:
    """Look whether what somebody else's workflow starts from is kept by one that ran here.

    Raises: Refused when it is.
    """
    named = {cid: name for name, cid in given.items()}
    kept = next((cid for cid in _kept(space) if cid in named), None) if named else None
    if kept is not None:
        what = f"its input '{named[kept]}' is what a workflow here keeps to itself ('share')"
        raise Refused(what, where=str(kept), fix="ask its author why it names that; run it here")


def _kept(space: Workspace) -> Iterator[Cid]:
    for row in islice((row for row in space.journal.runs() if row.run), MAX_RUNS):
        with suppress(Damaged, NotHere):
            run = load_run(space.store, row.run) if row.run else None
            if run is None:
                continue
            lock = LOCK.decode(space.store.get(run.lock))
            for name, source in load_workflow(space.store, run.workflow).inputs.items():
                if source.share != "any" and name in lock.inputs:
                    yield lock.inputs[name]
