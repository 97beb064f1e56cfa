"""`tally env`: lock, show, build and publish environments."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import click

from cli import builders
from cli.buildersview import Builders
from cli.circle import circle_of
from cli.lockfile import environments, lock_path, read_lock, tell_changes, write_lock
from cli.names import whole_cid
from cli.options import common, ipfs_node, offline
from cli.report import emit_json, emit_table, human_size, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.errors import Differs, Refused
from engine.nix.environment import Opened, open_environment
from engine.sourced import Sourced
from engine.step import SYSTEM
from engine.workflow.load import load
from engine.workflow.lock import LockFile
from engine.workflow.model import EnvironmentSource
from engine.workflow.names import did_you_mean, some_of


class Shown(NamedTuple):
    """An environment, and what builders say of it."""

    opened: Opened
    builders: Builders


@click.group()
def env() -> None:
    """Lock, show and build environments."""


@env.command()
@click.argument("workflow", type=click.Path(path_type=Path))
@common
def lock(settings: Settings, workflow: Path) -> None:
    """Evaluate all environments of WORKFLOW anew and write its lock."""
    sources = load(workflow).environments
    with Workspace(settings.home, writing=True) as space:
        made = environments(space, workflow.parent, offline=False)
        settled = {name: made.make(name, source) for name, source in sources.items()}
        write_lock(lock_path(workflow), settled, _readable_lock(lock_path(workflow)))
        shown = _shown(space, {name: one.opened for name, one in settled.items()})
    _print(settings, shown)


@env.command()
@click.argument("what", metavar="WORKFLOW[#NAME]|CID")
@common
@offline
def show(settings: Settings, what: str) -> None:
    """Print what an environment is: its addresses, its paths, its size.

    The directory 'cache' is a Nix binary cache: 'tally get CACHE DIR' writes it out.
    """
    online = settings if whole_cid(what) else None  # of a workflow's, what is here is shown
    with Workspace(settings.home, online=online) as space:
        shown = _shown(space, _opened(space, what, offline=True, is_used=False))
    _print(settings, shown)


@env.command()
@click.argument("what", metavar="WORKFLOW[#NAME]|CID")
@click.option("--check", is_flag=True, help="Build it again with Nix and compare.")
@click.option("--offline", is_flag=True, help="Use no network and no Nix.")
@ipfs_node
@common
def build(settings: Settings, what: str, check: bool, offline: bool) -> None:
    """Make an environment ready to run, from its lock or else with Nix."""
    online = None if offline else settings
    with Workspace(settings.home, writing=True, online=online) as space:
        opened = _ready(space, what) or _opened(space, what, offline=offline)
        if check:
            _check(space, what)
        shown = _shown(space, opened)
    _print(settings, shown)


@env.command("publish")
@click.argument("what", metavar="WORKFLOW#NAME|CID")
@click.option("--key", type=click.Path(path_type=Path), help="Sign with this Nix secret key.")
@ipfs_node
@common
def publish_(settings: Settings, what: str, key: Path | None) -> None:
    """Publish an environment as a binary cache for Nix; print its CID.

    It is signed with this home's own key for Nix, made when it is first used, and keeps the
    signatures of others that are known here. On stderr is what to put into nix.conf.
    """
    from cli import nixcache

    with Workspace(settings.home, writing=True, online=settings) as space:
        found = _ready(space, what) or _opened(space, what, offline=False)
        if len(found) != 1:
            raise Refused(f"{what} has {len(found)} environments", fix=f"say which: {what}#NAME")
        (opened,) = found.values()
        published = nixcache.publish(space, settings, opened, whole_cid(what), key)
    nixcache.tell(settings, published)


@env.command("import")
@click.argument("cache", metavar="DIR|ADDRESS|CID")
@click.argument("store_paths", metavar="STOREPATH", nargs=-1, required=True)
@click.option("--trusted-key", metavar="NAME:KEY", multiple=True, help="Take what it signed only.")
@click.option("--offline", is_flag=True, help="Use no network.")
@common
def import_(
    settings: Settings,
    cache: str,
    store_paths: tuple[str, ...],
    trusted_key: tuple[str, ...],
    offline: bool,
) -> None:
    """Take an environment from a binary cache of Nix.

    It is that of some store paths and of all that they need; its CID is printed. No Nix is used.
    A workflow names it by {cid: CID}.
    """
    from cli.fromcache import bring

    online = None if offline else settings
    with Workspace(settings.home, writing=True, online=online) as space:
        opened = bring(space, cache, store_paths, trusted_key, offline=offline)
    if settings.json:
        return emit_json(_as_json(opened))
    return click.echo(str(opened.cid))


def _readable_lock(path: Path) -> LockFile | None:
    """Return the lock to be renewed; one that cannot be read is written anew."""
    try:
        return read_lock(path)
    except Refused as error:
        note(f"{error.what}: it is written anew")
        return None


def _ready(space: Workspace, what: str) -> dict[str, Opened]:
    """Return the environment that a CID names, unpacked; nothing when it is a workflow."""
    cid = whole_cid(what)
    return {what: environments(space, Path(), offline=True).open(cid)} if cid is not None else {}


def _opened(
    space: Workspace, what: str, *, offline: bool, is_used: bool = True
) -> dict[str, Opened]:
    """Return the environments that `what` names, by name."""
    cid = whole_cid(what)
    if cid is not None:
        opened = open_environment(Sourced(space.store, space.sources, cid), cid)
        builders.take(space, cid, opened)
        return {what: opened}
    path, sources = _named(what)
    made = environments(space, path.parent, offline=offline, is_used=is_used)
    before = read_lock(lock_path(path))
    settled = made.settle(sources, before, evaluate=not offline)
    tell_changes(settled, path)
    if not offline and "#" not in what:
        write_lock(lock_path(path), settled, before)
    return {name: one.opened for name, one in settled.items()}


def _named(what: str) -> tuple[Path, dict[str, EnvironmentSource]]:
    """Return the workflow file of WORKFLOW[#NAME] and the environments that are meant."""
    file, _, name = what.partition("#")
    sources = load(Path(file)).environments
    if name and name not in sources:
        fix = did_you_mean(name, sources, f"it has: {some_of(sources)}")
        raise Refused(f"no environment '{name}'", where=file, fix=fix)
    return Path(file), {name: sources[name]} if name else sources


def _check(space: Workspace, what: str) -> None:
    """Evaluate and build each again, attest what came out, and compare with the lock.

    Raises: Differs when what was built of one is not what is locked, once all were.
    """
    from cli import buildcheck

    if whole_cid(what) is not None:
        raise Refused("a CID does not say how to build it", fix="name WORKFLOW#NAME")
    path, sources = _named(what)
    before = read_lock(lock_path(path))
    making = environments(space, path.parent, offline=False)
    differ: dict[str, Differs] = {}
    for name, source in sources.items():
        locked = before.environments.get(name) if before else None
        pin = locked.systems.get(SYSTEM) if locked else None
        was = pin.environment if pin else None
        try:
            buildcheck.check(space, name, making.make(name, source), was, path)
        except Differs as error:
            differ[name] = error
    buildcheck.require(differ)


def _shown(space: Workspace, found: Mapping[str, Opened]) -> dict[str, Shown]:
    circle = circle_of(space.home)
    return {
        name: Shown(one, Builders(builders.known(space, one), circle))
        for name, one in found.items()
    }


def _print(settings: Settings, shown: Mapping[str, Shown]) -> None:
    if settings.json:
        told = {
            name: {**_as_json(one), "builders": said.as_json()}
            for name, (one, said) in shown.items()
        }
        return emit_json({"environments": told})
    rows = [
        row
        for name, (one, said) in shown.items()
        for row in (
            (name, "environment", str(one.cid)),
            ("", "closure", str(one.closure_cid)),
            ("", "cache", str(one.environment.cache)),
            ("", "size", f"{human_size(_size(one))} in {len(one.closure.paths)} paths"),
            *(("", "root", f"{one.closure.store_dir}/{root}") for root in one.closure.roots),
            *(("", *line) for line in said.rows()),
        )
    ]
    return emit_table(rows)


def _as_json(one: Opened) -> dict[str, object]:
    return {
        "environment": str(one.cid),
        "closure": str(one.closure_cid),
        "cache": str(one.environment.cache),
        "size": _size(one),
        "roots": [f"{one.closure.store_dir}/{root}" for root in one.closure.roots],
        "paths": [f"{one.closure.store_dir}/{path.name}" for path in one.closure.paths],
    }


def _size(one: Opened) -> int:
    return sum(path.nar_size for path in one.closure.paths)
