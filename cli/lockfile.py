"""The lock file beside a workflow: read, written, and what to say when its source changed."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cli.report import note
from cli.workspace import Workspace
from engine.durable import reached
from engine.environments import ENVIRONMENT_PIN, Built, Environments, Settled, lock_file
from engine.errors import Unavailable
from engine.folder import sync_names
from engine.workflow.load import read_text
from engine.workflow.lock import LockFile
from engine.workflow.lock_text import parse_lock, print_lock

if TYPE_CHECKING:
    from engine.content.cid import Cid
    from engine.nix.environment import Opened
    from engine.nix.source import Requirements, Source


def lock_path(workflow: Path) -> Path:
    """Return where the lock file of a workflow file is, or would be."""
    return workflow.with_suffix(".lock")


def read_lock(path: Path) -> LockFile | None:
    """Return what a lock file pins; None when there is none.

    Raises: Refused when it is not one.
    """
    return parse_lock(read_text(path), str(path)) if path.exists() else None


def write_lock(path: Path, settled: Mapping[str, Settled], before: LockFile | None) -> None:
    """Write the lock file unless it says the same already.

    Raises: Unavailable when it cannot be written.
    """
    text = print_lock(lock_file(settled, before))
    if before is not None and print_lock(before) == text:
        return
    fresh = path.with_suffix(".lock.new")
    try:
        with fresh.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        reached("lock.written")
        fresh.replace(path)
        sync_names(path.parent)
        reached("lock.named")
    except OSError as error:
        fix = "run it from a copy of the project that you may write to"
        what = f"the lock file cannot be written: {error.strerror}"
        raise Unavailable(what, where=str(path), fix=fix) from None
    note(f"locked {', '.join(settled)} in {path}")


def environments(
    space: Workspace,
    base: Path,
    *,
    offline: bool,
    within: "Cid | None" = None,
    is_used: bool = True,
) -> Environments:
    """Return what makes the environments of a workflow in `base`; offline: without Nix.

    `within`: the public root that they may be a part of. Of those that are not to be used, no
    builders are demanded.
    """

    def accept(named: "Cid", opened: "Opened") -> None:
        from cli import builders

        (builders.accept if is_used else builders.take)(space, named, opened)

    def bring(cid: "Cid") -> None:
        space.sources.have([cid], within)

    def place(opened: "Opened") -> Path | None:
        if space.read_only:  # it can be looked at, not used
            return None
        space.store.pins.pin(opened.cid, ENVIRONMENT_PIN)
        return space.materialiser.ensure(opened.closure, opened.environment)

    def build(source: "Source | Requirements") -> Built:
        from cli import builders
        from engine.nix.capture import capture
        from engine.nix.source import Recipe, Requirements

        note(f"building {source} with Nix")
        if isinstance(source, Requirements):
            realised = space.assembler.realise(source)
        elif isinstance(source, Recipe):
            realised = space.assembler.again(source)
        else:
            realised = space.realiser.realise(source)
        opened = capture(realised, space.nix, space.materialiser.paths, space.store)
        builders.made_here(space, opened)
        place(opened)
        return Built(opened, str(realised.recipe) if realised.recipe else "")

    has_sources = bring if space.sources else None
    return Environments(space.store, base, place, None if offline else build, has_sources, accept)


def tell_changes(settled: Mapping[str, Settled], workflow: Path) -> None:
    """Say which environments' Nix source is not what was locked; the lock holds all the same."""
    for name, one in settled.items():
        if one.changed:
            note(
                f"the source of environment '{name}' has changed since it was locked; "
                f"the lock is used ('tally env lock {workflow}' renews it)"
            )
