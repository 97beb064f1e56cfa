"""Offer runs, their steps and their outputs, as far as the home of the command line has them."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from cli.workspace import Workspace

Items: TypeAlias = Iterator["CompletionItem[str]"]


def runs(ctx: click.Context, typed: str) -> Items:
    """Offer the names of runs; a run's CID when what is typed begins one."""
    from engine.journal import LATEST

    space = home_of(ctx)
    if space is None:
        return
    with closing(space):
        found = space.journal.runs()
    if ctx.command.name == "cancel":
        found = [row for row in found if row.status == "running"]
    elif found:
        yield CompletionItem(LATEST, help=found[0].name)
    for row in found:
        yield CompletionItem(row.name, help=f"{row.title}, {row.status}")
        if typed.startswith("baf") and row.run is not None:
            yield CompletionItem(str(row.run), help=row.name)


def peers(ctx: click.Context, typed: str) -> Items:
    """Return the peers that the user named."""
    from peers.addressbook import AddressBook

    if (space := home_of(ctx)) is None:
        return
    with space:
        for address in AddressBook(space.home / "peers").addresses():
            yield CompletionItem(str(address.peer), help=f"{address.host}:{address.port}")


def debtors(ctx: click.Context, typed: str) -> Items:
    """Return the peers in the ledger, and how it stands with them."""
    from cli.creditwords import sentence
    from peers.ledger_file import LedgerFile

    home = named(ctx)
    if not LedgerFile.is_here(home):
        return
    with closing(LedgerFile(home)) as file:
        for one in file.balances():
            yield CompletionItem(str(one.peer), help=sentence(one))


def steps(ctx: click.Context, run: str) -> Items:
    """Offer the steps of a run."""
    from cli.runview import view

    space = home_of(ctx)
    if space is None:
        return
    with closing(space):
        for step in view(space, run).steps:
            yield CompletionItem(step.id, help=step.status)


def content(ctx: click.Context, typed: str) -> Items:
    """Offer RUN/STEP/OUTPUT, a part at a time, and what was added."""
    run, *below = typed.split("/")
    if not below:
        yield from _within("", runs(ctx, typed), "/")
        yield from _added(ctx)
    elif len(below) == 1:
        yield from _within(f"{run}/", steps(ctx, run), "/")
    elif len(below) == 2:
        yield from _within(f"{run}/{below[0]}/", _outputs(ctx, run, below[0]), "")


def _within(before: str, items: Items, after: str) -> Items:
    for item in items:
        yield CompletionItem(f"{before}{item.value}{after}", help=item.help)


def _outputs(ctx: click.Context, run: str, step: str) -> Items:
    from cli.refs import find_step
    from cli.runview import view

    space = home_of(ctx)
    if space is None:
        return
    with closing(space):
        for name, cid in find_step(view(space, run).steps, step).outputs.items():
            yield CompletionItem(name, help=str(cid))


def _added(ctx: click.Context) -> Items:
    """Offer what is pinned under a name, but for what the program itself keeps."""
    from cli.content import PINNED_BY_ADD

    space = home_of(ctx)
    if space is None:
        return
    with closing(space):
        for cid, name in space.store.pins.all():
            if name == PINNED_BY_ADD:
                yield CompletionItem(str(cid), help=name)


def home_of(ctx: click.Context) -> "Workspace | None":
    """Return the home that the command line means, or None when there is nothing in it."""
    from cli.workspace import Workspace

    home = named(ctx)
    return Workspace(home) if (home / "state.db").exists() else None


def named(ctx: click.Context) -> Path:
    """Return where the home is that the command line means."""
    from cli.settings import settle

    named = ctx.params.get("home") or ctx.find_root().params.get("home")
    return settle({"home": named}, os.environ).home
