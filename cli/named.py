"""What a person named to be run: a workflow, its params and its steps.

A workflow is a YAML file, a Python file that builds one, the CID of a Run to be done again, or an
Open Resource by its CID or its name. A file comes before a name.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cli.foreignnames import check_whole
from cli.lockfile import lock_path, read_lock
from cli.names import is_run_here, whole_cid
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Damaged, Refused, Unavailable
from engine.run import RUN
from engine.step import SYSTEM
from engine.summary import load_run, load_workflow
from engine.values import dataclass, replace
from engine.workflow.load import load
from engine.workflow.lock import LOCK, Lock, LockedEnvironment, LockFile, Pin, PinnedEnvironment
from engine.workflow.model import Workflow
from engine.workflow.names import did_you_mean, some_of

if TYPE_CHECKING:
    from peers.resource import Opened

_FIND: Final = (
    "check the path; 'tally search TEXT' finds resources, and 'tally init' makes a workflow"
)
_FILE: Final = "name the workflow's file"
_MAX_PARAM: Final = 64 * 1024  # characters of one -p


@dataclass(frozen=True, slots=True)
class Named:
    """A workflow, and what is fixed of it by where it came from."""

    workflow: Workflow
    base: Path  # relative paths begin here
    file: Path | None  # None of a Run
    lock: LockFile | None
    given: dict[str, str]  # params of a Run, as YAML
    inputs: dict[str, Cid] | None  # of a Run; a file's are read anew
    release: "Opened | None" = None  # the Open Resource that it is
    within: Cid | None = None  # by which others may give its content, if it may be public


def find_workflow(space: Workspace, text: str, *, is_dry: bool = False) -> Named:
    """Return the workflow that `text` names; `is_dry`: bind no name, and keep nothing.

    Raises: Refused when it is none; Unavailable when it is a CID that is not here.
    """
    cid = whole_cid(text)
    if cid is not None:
        return _of_cid(space, cid, is_dry=is_dry)
    path = Path(text)
    if path.is_dir():
        fix = f"name the file in it, as {path / 'workflow.yaml'}"
        raise Refused("this is a directory, not a workflow", where=text, fix=fix)
    if not path.suffix and not path.exists():
        return _of_name(space, text, is_dry=is_dry)
    return Named(load(path), path.parent, path, read_lock(lock_path(path)), {}, None)


def check_forced(workflow: Workflow, steps: Sequence[str]) -> None:
    """Look whether the steps of `--force` are steps of the workflow.

    Raises: Refused for one that is not.
    """
    for name in steps:
        if name not in workflow.steps:
            fix = did_you_mean(name, workflow.steps, f"there is: {some_of(workflow.steps)}")
            raise Refused(f"no step '{name}' to force", fix=fix)


def overrides(params: Sequence[str]) -> dict[str, str]:
    """Return the values of `-p name=value`, each still YAML.

    Raises: Refused for one that has no '='.
    """
    found = {}
    for text in params:
        name, equals, value = text.partition("=")
        if not equals or len(text) > _MAX_PARAM:
            raise Refused(f"not a param: '-p {text[:80]}'", fix="write -p NAME=VALUE")
        found[name] = value
    return found


def _of_cid(space: Workspace, cid: Cid, *, is_dry: bool) -> Named:
    if is_run_here(space, cid):
        return _of_run(space, cid)
    from cli.resources import find_release, kind_at

    if kind_at(space, cid) == RUN.kind:
        run = load_run(space.store, cid)
        space.sources.have([run.workflow, run.lock], cid)
        return _of_run(space, cid)
    if (found := find_release(space, str(cid))) is not None:
        return of_release(space, found, is_dry=is_dry)
    fix = "name a workflow file, a Run or an Open Resource"
    raise Refused("this is not a run", where=str(cid), fix=fix)


def _of_name(space: Workspace, text: str, *, is_dry: bool) -> Named:
    from cli.boundnames import bind
    from cli.naming import wanted
    from cli.resources import find_release
    from cli.runview import is_known

    if (found := find_release(space, text)) is not None:
        named = of_release(space, found, is_dry=is_dry)
        bind(space, text, found, is_dry=is_dry)
        return named
    if is_known(space, text):
        run = space.journal.find(text).run
        fix = f"name the workflow's file, or the run by its CID: {run}" if run else _FILE
        raise Refused("this is a run, not a workflow", where=text, fix=fix)
    check_whole(text)
    if wanted(text) is not None:
        what = "there is no such file, and no Open Resource of that name is known here"
        raise Refused(what, where=text, fix=_FIND)
    return Named(load(Path(text)), Path(text).parent, Path(text), None, {}, None)  # it says so


def of_release(space: Workspace, found: "Opened", *, is_dry: bool = False) -> Named:
    """Return the workflow of an Open Resource, which is kept from now on unless `is_dry`.

    Raises: Unavailable when it does not come; Damaged when it is not what it should be.
    """
    from cli.resources import bring, keep, needed

    space.arrivals.call(found.cid, found.resource.name)
    bring(space, found, needed(found))
    if not is_dry:
        keep(space, found)
    one = found.resource
    named = _recorded(space, one.workflow, one.lock, one.parameters, found.cid)
    return replace(named, release=found)


def _of_run(space: Workspace, cid: Cid) -> Named:
    run = load_run(space.store, cid)
    return _recorded(space, run.workflow, run.lock, run.parameters, cid)


def _recorded(
    space: Workspace, workflow: Cid, locked: Cid, given: dict[str, str], within: Cid
) -> Named:
    """Return a workflow of which all is in records, that are part of something.

    Somebody else may have made them: nothing that they name is looked for on this machine, nor
    made by Nix from its source.

    Raises: Unavailable when it has no environment for this machine; Damaged when its lock does not
    belong to it.
    """
    lock = LOCK.decode(space.store.get(locked))
    pins = LockFile({name: _pinned(systems) for name, systems in lock.environments.items()})
    known = load_workflow(space.store, workflow)
    check_lock(known, lock, within)
    for name in known.environments:
        if SYSTEM not in lock.environments.get(name, ()):
            what = f"its environment '{name}' was never locked for {SYSTEM}"
            raise Unavailable(what, where=str(within), fix="run it where its author did")
    return Named(known, Path.cwd(), None, pins, given, lock.inputs, within=within)


def check_lock(workflow: Workflow, lock: Lock, within: Cid) -> None:
    """Look whether a lock has the inputs of a workflow, and no others.

    Raises: Damaged when it has not.
    """
    if workflow.inputs.keys() != lock.inputs.keys():
        raise Damaged("its lock is that of another workflow", where=str(within))


def _pinned(systems: Mapping[str, LockedEnvironment]) -> PinnedEnvironment:
    pins = {name: Pin(one.derivation, one.environment) for name, one in systems.items()}
    return PinnedEnvironment(next(one.source for one in systems.values()), pins)
