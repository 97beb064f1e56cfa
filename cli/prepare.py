"""From a workflow that somebody named to a run that could begin: params, environments, inputs."""

from collections.abc import Callable, Sequence
from typing import Literal

from blake3 import blake3

from cli.given import call, given, inputs_of
from cli.kept import refuse_kept
from cli.lockfile import environments, lock_path, tell_changes, write_lock
from cli.named import Named, overrides
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.content.select import select
from engine.nix.closure import shell_of
from engine.nix.environment import Opened
from engine.rows import NewRun
from engine.run import Run
from engine.step import SYSTEM
from engine.values import dataclass
from engine.version import VERSION
from engine.workflow.graph import Group, groups
from engine.workflow.lock import LOCK, Lock
from engine.workflow.model import Workflow, record_of
from engine.workflow.parameters import Params, bind
from engine.workflow.resolve import EnvironmentUse, Resolver

Where = Literal["local", "peers"]


@dataclass(frozen=True, slots=True)
class How:
    """How a run is driven."""

    forced: frozenset[str] = frozenset()  # steps that run whatever is known
    keep_going: bool = False  # with what a failed step does not prevent
    keep_intermediates: bool = False  # whether what only steps read leaves the peers, too
    royalties: tuple[tuple[bytes, ...], tuple[bytes, ...]] = ((), ())  # manifests, their parents


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that could begin; its records are in the store."""

    workflow: Workflow
    workflow_cid: Cid
    params: Params
    lock_cid: Cid
    carriers: dict[Cid, Cid]  # Closure -> Environment
    groups: tuple[Group, ...]
    resolver: Resolver
    on: Where = "local"

    @property
    def new(self) -> NewRun:
        """The run, to be entered in the journal. One on peers goes on on peers alone."""
        used = [self.workflow_cid.raw, self.lock_cid.raw, repr(self.params.values).encode()]
        used += [] if self.on == "local" else [self.on.encode()]
        work = blake3(b"".join((VERSION.encode(), *used))).digest()
        return NewRun(work, self.workflow_cid, self.workflow.name, self.params.values)


def prepare(
    space: Workspace,
    named: Named,
    params: Sequence[str],
    *,
    offline: bool,
    lock: bool = True,
    on: Where = "local",
) -> Prepared:
    """Bind params, settle environments, bring in inputs.

    With `lock`, a lock file is written beside a workflow file that has none, or lacks something.

    Raises: Refused, StepFailed, Unavailable, Differs as its parts do.
    """
    workflow = named.workflow
    bound = bind(workflow, {**named.given, **overrides(params)})
    ordered = groups(workflow, bound)
    bringing = inputs_of(space, named, offline=offline)
    if named.inputs is None:
        bringing.check(workflow.inputs)
    making = environments(space, named.base, offline=offline, within=named.within)
    call(space, named)
    settled = making.settle(workflow.environments, named.lock)
    if named.file is not None:
        tell_changes(settled, named.file)
    if named.file is not None and lock:
        write_lock(lock_path(named.file), settled, named.lock)
    inputs = given(space, named, bringing)
    if named.inputs is not None and on == "peers":
        refuse_kept(space, workflow, inputs)
    locked = {name: {SYSTEM: one.locked} for name, one in settled.items()}
    records = (record_of(workflow).block(workflow), LOCK.block(Lock(locked, inputs)))
    space.store.put(records)
    uses = {name: use_of(space, one.opened) for name, one in settled.items()}
    return Prepared(
        workflow,
        records[0].cid,
        bound,
        records[1].cid,
        {one.opened.closure_cid: one.opened.cid for one in settled.values()},
        ordered,
        Resolver(workflow, bound, inputs, uses, _selector(space)),
        on,
    )


def carriers_of(space: Workspace, run: Run) -> dict[Cid, Cid]:
    """Return the Environments that carry the Closures of a run.

    Raises: Unavailable when its lock is not here; Damaged when that is malformed.
    """
    return LOCK.decode(space.store.get(run.lock)).carriers


def use_of(space: Workspace, opened: Opened) -> EnvironmentUse:
    """Return what steps need to know of an environment, which is unpacked then.

    Raises: as Materialiser.ensure.
    """
    farm = space.materialiser.ensure(opened.closure, opened.environment)
    has_shell = shell_of(opened.closure, farm) is not None
    return EnvironmentUse(opened.closure_cid, opened.closure.search_path, has_shell)


def _selector(space: Workspace) -> Callable[[Cid, str], Cid]:
    def choose(cid: Cid, path: str) -> Cid:
        part, blocks = select(space.store.get, cid, path)
        space.store.put(blocks)
        return part

    return choose
