"""Resource parts: what an Open Resource is made of, to be looked at before it is run.

Its records alone are had for that: no input, and no environment.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from cli.report import human_size
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.content.weight import weight
from engine.errors import Damaged, Unavailable
from engine.nix.records import CLOSURE
from engine.workflow.as_data import as_data, decode_workflow
from engine.workflow.lock import LOCK, LockedEnvironment
from engine.workflow.model import Workflow
from peers.resource import Opened


class Part(NamedTuple):
    """An input, or an environment on one system."""

    name: str  # as "code", or "ml (x86_64-linux)"
    cid: Cid
    size: int | None  # about how many bytes; None when nobody who has it could be asked


class Parts(NamedTuple):
    """What a resource is made of."""

    workflow: Workflow
    inputs: tuple[Part, ...]
    environments: tuple[Part, ...]


def parts(space: Workspace, found: Opened) -> Parts | None:
    """Return what a resource is made of; None when its records do not come.

    Raises: Damaged when one is malformed.
    """
    get = _asking(space, found.cid)
    try:
        workflow = decode_workflow(get(found.resource.workflow))
        lock = LOCK.decode(get(found.resource.lock))
    except Unavailable:
        return None
    inputs = (Part(name, cid, _size(get, cid)) for name, cid in lock.inputs.items())
    environments = (
        Part(f"{name} ({system})", one.environment, _unpacked(get, one))
        for name, systems in lock.environments.items()
        for system, one in systems.items()
    )
    return Parts(workflow, tuple(inputs), tuple(environments))


def rows(found: Parts) -> Iterator[tuple[str, str]]:
    """Yield what a person reads of it."""
    for name, step in found.workflow.steps.items():
        reads = ", ".join(step.inputs.values()) or "nothing"
        yield "step", f"{name}: reads {reads}; gives {', '.join(step.outputs) or 'nothing'}"
    for what, several in (("input", found.inputs), ("environment", found.environments)):
        for one in several:
            size = "size unknown" if one.size is None else human_size(one.size)
            yield what, f"{one.name}: {one.cid}, {size}"


def parts_json(found: Parts | None) -> dict[str, object]:
    """Return it as JSON has it; the workflow as the file that says the same."""
    if found is None:
        return {"source": None, "inputs": None, "environments": None}
    return {
        "source": as_data(found.workflow),
        "inputs": [_plain(one) for one in found.inputs],
        "environments": [_plain(one) for one in found.environments],
    }


def _plain(part: Part) -> dict[str, object]:
    return {"name": part.name, "cid": str(part.cid), "bytes": part.size}


def _asking(space: Workspace, within: Cid) -> Callable[[Cid], bytes]:
    """Return what gets a record; once one did not come, nobody is waited for any more."""
    waits = True

    def get(cid: Cid) -> bytes:
        nonlocal waits
        if not waits:
            return space.store.get(cid)
        try:
            return space.sources.get(cid, within)
        except Unavailable:
            waits = False
            raise

    return get


def _size(get: Callable[[Cid], bytes], cid: Cid) -> int | None:
    try:
        return weight(get, cid)
    except (Unavailable, Damaged):
        return None


def _unpacked(get: Callable[[Cid], bytes], locked: LockedEnvironment) -> int | None:
    try:
        return sum(path.nar_size for path in CLOSURE.decode(get(locked.closure)).paths)
    except (Unavailable, Damaged):
        return None
