"""What would leave this machine if peers ran the steps of a run, and to whom."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cli.prepare import Prepared
from cli.report import emit_table, human_size, note
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.content.reader import over
from engine.content.select import select
from engine.content.weight import weight
from engine.errors import Unavailable
from engine.forecast import Forecast
from engine.nix.records import CLOSURE
from engine.step import SYSTEM
from engine.values import dataclass
from engine.workflow.lock import LOCK, Lock
from engine.workflow.reads import input_reference, output_reads
from engine.workflow.references import InputRef
from engine.workflow.sharing import SHARES, sharing

WHERE: Final = {"never": "here", "owners": "named peers", "any": "peers"}


@dataclass(frozen=True, slots=True)
class Leaving:
    """Some content that whoever runs a step is sent."""

    what: str  # as the workflow refers to it: "inputs.code/train.py", "environments.ml"
    cid: Cid | None  # None of what is not made yet
    size: int | None  # about how many bytes
    share: str  # "any" or "owners"


def leaving(space: Workspace, prepared: Prepared, found: Sequence[Forecast]) -> list[Leaving]:
    """Return what would leave, each once, as far as that is known now."""
    lock = LOCK.decode(space.store.get(prepared.lock_cid))
    shares = sharing(prepared.workflow)
    steps = {one.step for one in found if one.action in ("run", "wait")}
    left: dict[str, Leaving] = {}
    for name in (step for step in prepared.workflow.steps if step in steps):
        if shares[name] == "never":
            continue
        for one in (
            _environment(space, lock, prepared, name, shares[name]),
            *_inputs(space, lock, prepared, name),
            *_outputs(prepared, name, shares),
        ):
            known = left.setdefault(one.what, one)
            if SHARES.index(one.share) > SHARES.index(known.share):
                left[one.what] = one
    return list(left.values())


def could_run(home: Path) -> list[dict[str, Any]] | None:
    """Return who is connected and runs steps, as the node of a home says; None without one."""
    from peers.control_client import connect

    try:
        node = connect(home)
    except Unavailable:
        return None
    with node:
        peers = json.loads(str(node.call("status")))["peers"]
    return [one for one in peers if one["state"] == "up" and one.get("sandbox")]


def print_leaving(left: Sequence[Leaving]) -> None:
    """Print what would leave."""
    rows = [
        (one.what, "-" if one.size is None else human_size(one.size), WHERE[one.share])
        for one in left
    ]
    emit_table(rows, ("leaves this machine", "size", "to"))
    if not left:
        note("nothing leaves this machine")


def leaving_json(one: Leaving) -> dict[str, object]:
    """Return it as JSON has it."""
    return {
        "what": one.what,
        "cid": one.cid and str(one.cid),
        "bytes": one.size,
        "to": one.share,
    }


def _environment(
    space: Workspace, lock: Lock, prepared: Prepared, step: str, share: str
) -> Leaving:
    name = prepared.workflow.steps[step].environment
    locked = lock.environments[name][SYSTEM]
    paths = CLOSURE.decode(space.store.get(locked.closure)).paths
    size = sum(path.nar_size for path in paths)
    return Leaving(f"environments.{name}", locked.environment, size, share)


def _inputs(space: Workspace, lock: Lock, prepared: Prepared, step: str) -> Iterator[Leaving]:
    workflow = prepared.workflow
    for text in workflow.steps[step].inputs.values():
        reference = input_reference(text)
        if isinstance(reference, InputRef):
            part, blocks = select(space.store.get, lock.inputs[reference.name], reference.path)
            size = weight(over(blocks, space.store.get), part)
            yield Leaving(str(reference), part, size, workflow.inputs[reference.name].share)


def _outputs(prepared: Prepared, step: str, shares: Mapping[str, str]) -> Iterator[Leaving]:
    for reference in output_reads(prepared.workflow.steps[step]):
        yield Leaving(str(reference), None, None, shares[reference.step])
