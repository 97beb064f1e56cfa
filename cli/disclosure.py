"""Disclosure: what of a workflow becomes public when it is published, and what may not."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from cli.prepare import Prepared
from cli.report import emit_table, human_size
from cli.workspace import Workspace
from engine.attestations import UnknownVersion
from engine.content.cid import Cid
from engine.content.weight import weight
from engine.errors import NotHere, Refused
from engine.evidence import attestation
from engine.nix.records import CLOSURE
from engine.rows import RunRow
from engine.step import SYSTEM
from engine.summary import load_run, of_record
from engine.workflow.lock import LOCK
from engine.workflow.model import Workflow


class Disclosed(NamedTuple):
    """Some content that anybody may have from then on."""

    what: str  # as "inputs.code", "environments.ml", "run brave-otter"
    size: int  # about how many bytes


def refuse_private(workflow: Workflow) -> None:
    """Look whether all inputs may leave this machine for anybody's.

    Raises: Refused for one that its author keeps, or gives to some peers alone.
    """
    kept = [name for name, source in workflow.inputs.items() if source.share != "any"]
    if kept:
        share = workflow.inputs[kept[0]].share
        others = f", nor may {len(kept) - 1} more" if len(kept) > 1 else ""
        what = f"input '{kept[0]}' says 'share: {share}', and what is published is anybody's"
        fix = "name other content in its place, or say 'share: any' if everybody may have it"
        raise Refused(what + others, where=f"inputs.{kept[0]}", fix=fix)


def disclosed(space: Workspace, prepared: Prepared, run: RunRow | None) -> Iterator[Disclosed]:
    """Yield what would be public; what several lead to counts with each."""
    lock = LOCK.decode(space.store.get(prepared.lock_cid))
    size = len(space.store.get(prepared.workflow_cid))
    yield Disclosed(f"workflow {prepared.workflow.name}", size)
    for name, systems in lock.environments.items():
        paths = CLOSURE.decode(space.store.get(systems[SYSTEM].closure)).paths
        yield Disclosed(f"environments.{name}", sum(path.nar_size for path in paths))
    for name, cid in lock.inputs.items():
        yield Disclosed(f"inputs.{name}", weight(space.store.get, cid))
    if run is not None and run.run is not None:
        yield Disclosed(f"run {run.name}, with its logs", _run_size(space, run.run))


def print_disclosed(found: Sequence[Disclosed]) -> None:
    """Print what would be public."""
    emit_table([(one.what, human_size(one.size)) for one in found], ("becomes public", "size"))


def disclosed_json(found: Sequence[Disclosed]) -> list[dict[str, object]]:
    """Return it as JSON has it."""
    return [{"what": one.what, "bytes": one.size} for one in found]


def _run_size(space: Workspace, run: Cid) -> int:
    """Return about how much the outputs and the logs of a run are."""
    roots: set[Cid] = set()
    for step in of_record(space.store, load_run(space.store, run)):
        roots.update(step.outputs.values())
        for cid in step.attestations[:1]:
            with suppress(UnknownVersion):
                said = attestation(space.store, cid)
                roots.update(log for log in (said.stdout, said.stderr) if log)
    return sum(_weight(space, root) for root in roots)


def _weight(space: Workspace, cid: Cid) -> int:
    try:
        return weight(space.store.get, cid)
    except NotHere:
        return 0
