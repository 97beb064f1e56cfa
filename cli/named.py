"""What a person named to be run: a workflow, its params and its steps.

A workflow is a YAML file, a Python file that builds one, or the CID of a Run to be done again.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from cli.lockfile import lock_path, read_lock
from cli.names import is_run, whole_cid
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Refused
from engine.summary import load_run, load_workflow
from engine.values import dataclass
from engine.workflow.load import load
from engine.workflow.lock import LOCK, LockedEnvironment, LockFile, Pin, PinnedEnvironment
from engine.workflow.model import Workflow
from engine.workflow.names import did_you_mean, some_of

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


def find_workflow(space: Workspace, text: str) -> Named:
    """Return the workflow that `text` names.

    Raises: Refused when it is none; Unavailable when it is a CID that is not here.
    """
    cid = whole_cid(text)
    if cid is not None:
        return _of_run(space, cid)
    path = Path(text)
    if path.is_dir():
        fix = f"name the file in it, as {path / 'workflow.yaml'}"
        raise Refused("this is a directory, not a workflow", where=text, fix=fix)
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


def _of_run(space: Workspace, cid: Cid) -> Named:
    if not is_run(space, cid):
        space.store.get(cid)  # says so when it is not here
        raise Refused("this is not a run", where=str(cid), fix="name a workflow file or a Run")
    run = load_run(space.store, cid)
    lock = LOCK.decode(space.store.get(run.lock))
    workflow = load_workflow(space.store, run.workflow)
    pins = LockFile({name: _pinned(systems) for name, systems in lock.environments.items()})
    return Named(workflow, Path.cwd(), None, pins, run.parameters, lock.inputs)


def _pinned(systems: Mapping[str, LockedEnvironment]) -> PinnedEnvironment:
    pins = {name: Pin(one.derivation, one.environment) for name, one in systems.items()}
    return PinnedEnvironment(next(one.source for one in systems.values()), pins)
