"""Offer runs, their steps and their outputs, as far as the home on the command line has them."""

import os
from contextlib import closing
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import CompletionItem

from cli.offer import Items, offering, word
from cli.offer_files import bundle_files

if TYPE_CHECKING:
    from cli.workspace import Workspace


def _runs(ctx: click.Context, typed: str) -> Items:
    space = _home(ctx)
    if space is None:
        return
    with closing(space):
        found = space.journal.runs()
    for row in found:
        yield CompletionItem(row.name, help=f"{row.title}, {row.status}")
    if typed and not any(row.name.startswith(typed) for row in found):
        yield from (str(row.run) for row in found if row.run is not None)


def _running(ctx: click.Context, typed: str) -> Items:
    space = _home(ctx)
    if space is None:
        return
    with closing(space):
        for row in space.journal.runs():
            if row.status == "running":
                yield CompletionItem(row.name, help=row.title)


def _steps(ctx: click.Context, typed: str) -> Items:
    """Offer the steps of the run that was named before."""
    run = next((str(ctx.params[name]) for name in ("run", "what") if ctx.params.get(name)), "")
    return _steps_of(ctx, run)


def _steps_of(ctx: click.Context, run: str) -> Items:
    from cli.runview import view

    space = _home(ctx)
    if space is None:
        return
    with closing(space):
        for step in view(space, run).steps:
            yield CompletionItem(step.id, help=step.status)


def _outputs_of(ctx: click.Context, run: str, step: str) -> Items:
    from cli.refs import find_step
    from cli.runview import view

    space = _home(ctx)
    if space is None:
        return
    with closing(space):
        yield from find_step(view(space, run).steps, step).outputs


def _content(ctx: click.Context, typed: str) -> Items:
    """Offer RUN/STEP/OUTPUT, a part at a time."""
    run, *below = typed.split("/")
    if not below:
        items = ((word(each) + "/", each) for each in _runs(ctx, typed))
    elif len(below) == 1:
        items = ((f"{run}/{word(each)}/", each) for each in _steps_of(ctx, run))
    elif len(below) == 2:
        items = ((f"{run}/{below[0]}/{word(e)}", e) for e in _outputs_of(ctx, run, below[0]))
    else:
        return
    for reference, each in items:
        yield CompletionItem(reference, help=None if isinstance(each, str) else each.help)


def _run_or_content(ctx: click.Context, typed: str) -> Items:
    return _content(ctx, typed) if "/" in typed else _runs(ctx, typed)


def _pinned(ctx: click.Context, typed: str) -> Items:
    space = _home(ctx)
    if space is None:
        return
    with closing(space):
        for cid, name in space.store.pins.all():
            yield CompletionItem(str(cid), help=name)


def _home(ctx: click.Context) -> "Workspace | None":
    """Return the home that the command line means, or None when there is nothing in it."""
    from cli.settings import settle
    from cli.workspace import Workspace

    named = ctx.params.get("home") or ctx.find_root().params.get("home")
    home = settle({"home": named}, os.environ).home
    return Workspace(home) if (home / "state.db").exists() else None


def _runs_or_bundles(ctx: click.Context, typed: str) -> Items:
    yield from _runs(ctx, typed)
    yield from bundle_files(typed)


runs: Final = offering(_runs)
running: Final = offering(_running)
steps: Final = offering(_steps)
content: Final = offering(_content)
run_or_content: Final = offering(_run_or_content)
pinned: Final = offering(_pinned)
runs_or_bundles: Final = offering(_runs_or_bundles)
