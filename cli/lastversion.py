"""Last version: what this peer published before under a name, and which params stay as then."""

from collections.abc import Sequence

from cli.boundnames import known
from cli.draft import Last
from cli.named import Named, overrides
from cli.report import note
from cli.resources import open_release
from cli.workspace import Workspace
from engine.errors import NotHere
from engine.summary import load_workflow
from engine.values import replace
from engine.workflow.model import Workflow
from peers.identity import tail
from peers.keyring import Identity
from peers.resource import Resource, printed


def last_version(space: Workspace, identity: Identity, name: str) -> Last | None:
    """Return the last version that this peer published under a name; say whose it is, too."""
    offered = [one for one in known(space).offered if one.name == name]
    if others := {tail(one.author) for one in offered if one.author != identity.peer}:
        note(f"something is published as '{name}' by {', '.join(sorted(others))}, too")
    own = [one for one in offered if one.author == identity.peer]
    if not own:
        return None
    newest = max(own, key=lambda one: one.version)
    try:
        return Last(newest, open_release(space, newest.release).resource)
    except NotHere:
        note(f"{name}@{newest.version} is not here any more: what was said of it is said anew")
        return Last(newest, None)


def as_before(space: Workspace, named: Named, last: Last | None, params: Sequence[str]) -> Named:
    """Return a workflow with the params that were set for the last version, but for `params`.

    Raises: NotHere when the workflow of that version is not here.
    """
    if last is None or last.resource is None:
        return named
    said = _params_said(space, last.resource, named.workflow)
    stay = {name: value for name, value in said.items() if name not in overrides(params)}
    if stay:
        words = " ".join(f"-p {name}={value}" for name, value in stay.items())
        note(f"as in {printed(last.resource)}: {words}")
    return replace(named, given={**named.given, **stay})


def _params_said(space: Workspace, before: Resource, now: Workflow) -> dict[str, str]:
    """Return the params that were set for a version, and not by its workflow; those that remain.

    A default that the workflow has is the workflow's to change.

    Raises: NotHere when the workflow of that version is not here.
    """
    was = load_workflow(space.store, before.workflow).parameters
    return {
        name: value
        for name, value in before.parameters.items()
        if name in now.parameters and value != was.get(name)
    }
