"""Offer Open Resources, and their params, as far as the home of the command line has them."""

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Final, TypeAlias

import click
from click.shell_completion import CompletionItem

from cli.offer_runs import home_of, named

if TYPE_CHECKING:
    from cli.workspace import Workspace
    from engine.content.cid import Cid

_OF_NAMES: Final = ("names.db", "catalogue.db")  # who opens them loads cryptography

Items: TypeAlias = Iterator["CompletionItem[str]"]


def resources(ctx: click.Context, typed: str) -> Items:
    """Offer Open Resources that were used here, or are announced: by name, by CID once begun."""
    home = named(ctx)
    if not any((home / file).exists() for file in _OF_NAMES):
        return
    from cli.boundnames import announced, bound
    from peers.identity import tail

    for one in sorted({*bound(home).used, *bound(home).offered, *announced(home)}):
        yield CompletionItem(one.name, help=f"version {one.version}, by {tail(one.author)}")
        yield CompletionItem(f"{one.name}@{one.version}", help=str(one.release))
        if typed.startswith("baf"):
            yield CompletionItem(str(one.release), help=f"{one.name}@{one.version}")


def params(ctx: click.Context, word: str) -> Items:
    """Offer the params of a resource or a run whose records are here: nobody else is asked."""
    space = home_of(ctx)
    if space is None:
        return
    from engine.summary import load_workflow

    with closing(space):
        if (recorded := _recorded(space, word)) is None:
            return
        workflow, given = recorded
        for name, default in (load_workflow(space.store, workflow).parameters | given).items():
            yield CompletionItem(
                f"{name}=", help="" if default is None else f"default: {default[:60]}"
            )


def _recorded(space: "Workspace", word: str) -> "tuple[Cid, dict[str, str]] | None":
    """Return which workflow a word stands for, and the params that are set with it; None of none.

    Raises: NotHere when its records are elsewhere.
    """
    from cli.names import is_run_here, whole_cid
    from engine.summary import load_run

    cid = whole_cid(word)
    if cid is not None and is_run_here(space, cid):
        run = load_run(space.store, cid)
        return run.workflow, run.parameters
    from cli.resources import find_release

    found = find_release(space, word)
    return None if found is None else (found.resource.workflow, found.resource.parameters)
