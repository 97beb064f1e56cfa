"""Kept: content that a workflow here says is not for everybody, and what strangers name of it.

A stranger's workflow starts from whatever its lock names. Who knows the CID of what somebody keeps
could else have them publish it, or send it to peers. What is within it, and what was made of it,
is kept as it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Final

from cli.workspace import Workspace
from engine.content.cid import RAW, Cid
from engine.errors import Damaged, NotHere, Refused
from engine.evidence import attestation
from engine.remake import below
from engine.store.public_roots import public_roots
from engine.summary import load_run, load_workflow, of_record
from engine.workflow.lock import LOCK
from engine.workflow.model import Workflow
from engine.workflow.sharing import SHARES, sharing

MAX_RUNS: Final = 1_000  # the newest: each takes some records

_EMPTY: Final = frozenset({Cid.of(RAW, b"")})  # a file that tells nothing is in many directories


def refuse_kept(space: Workspace, workflow: Workflow, given: Mapping[str, Cid]) -> None:
    """Look whether what a recorded workflow starts from is kept by one that ran here.

    What it keeps as much itself is not looked at.

    Raises: Refused when something is.
    """
    kept = list(_kept(space))
    for name, cid in given.items():
        level = SHARES.index(workflow.inputs[name].share)
        roots = [root for root, share in kept if SHARES.index(share) < level]
        found = _first_shared(space, cid, roots) if roots else None
        if found is not None:
            what = f"its input '{name}' is what a workflow here keeps to itself ('share')"
            fix = "ask its author why it names that; run it here"
            raise Refused(what, where=str(found), fix=fix)


def _first_shared(space: Workspace, cid: Cid, roots: Iterable[Cid]) -> Cid | None:
    """Return a block that an input and what is kept both have, and that is not public anyway."""
    named = frozenset(below(space.store, [cid]))
    shared = [one for one in below(space.store, roots) if one in named and one not in _EMPTY]
    if not shared:
        return None
    public = frozenset(below(space.store, public_roots(space.store.pins)))
    return next((one for one in shared if one not in public), None)


def _kept(space: Workspace) -> Iterator[tuple[Cid, str]]:
    """Yield the roots that are kept, each with how much."""
    for row in islice((row for row in space.journal.runs() if row.run), MAX_RUNS):
        with suppress(Damaged, NotHere):
            yield from _of_run(space, row.run) if row.run else ()


def _of_run(space: Workspace, cid: Cid) -> Iterator[tuple[Cid, str]]:
    run = load_run(space.store, cid)
    workflow = load_workflow(space.store, run.workflow)
    kept = {name: one.share for name, one in workflow.inputs.items() if one.share != "any"}
    if not kept:
        return
    lock = LOCK.decode(space.store.get(run.lock))
    yield from ((lock.inputs[name], share) for name, share in kept.items() if name in lock.inputs)
    shares = sharing(workflow)
    for step in of_record(space.store, run):
        if shares[step.name] != "any":
            made = (*step.outputs.values(), *_logs(space, step.attestations))
            yield from ((one, shares[step.name]) for one in made)


def _logs(space: Workspace, attestations: Iterable[Cid]) -> Iterator[Cid]:
    """Yield what a step printed; what it read besides may be anybody's."""
    for cid in attestations:
        with suppress(Damaged, NotHere):
            said = attestation(space.store, cid)
            yield from (log for log in (said.stdout, said.stderr) if log is not None)
