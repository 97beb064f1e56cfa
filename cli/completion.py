"""`tally completion`: makes a shell complete commands, options, runs, steps and files."""

import os

import click

from cli.completion_shells import SHELLS, Place, find_place, install, script, shell_of, uninstall
from cli.options import common
from cli.report import emit_json, note
from cli.settings import Settings

_SHELL = click.argument("shell", type=click.Choice(SHELLS), required=False)


@click.group()
def completion() -> None:
    """Make the shell complete commands, runs, steps and files."""


@completion.command("install")
@_SHELL
@common
def install_(settings: Settings, shell: str | None) -> None:
    """Make SHELL, or the one this is called from, complete 'tally'.

    What is written is said. Where it is all there already, nothing is written.
    """
    place = _place(shell)
    written = install(place)
    if settings.json:
        return emit_json({"shell": place.shell, "written": [str(path) for path in written]})
    for path in written:
        note(f"wrote {path}")
    if not written:
        note(f"{place.shell} completes 'tally' already; nothing was changed")
    note(f"a new {place.shell} has it; 'tally completion uninstall {place.shell}' takes it back")
    return None


@completion.command("uninstall")
@_SHELL
@common
def uninstall_(settings: Settings, shell: str | None) -> None:
    """Take back what 'install' wrote for SHELL."""
    place = _place(shell)
    changed = uninstall(place)
    if settings.json:
        return emit_json({"shell": place.shell, "changed": [str(path) for path in changed]})
    for path in changed:
        note(f"took it from {path}")
    if not changed:
        note(f"{place.shell} was not made to complete 'tally'; nothing was changed")
    return None


@completion.command("print")
@click.argument("shell", type=click.Choice(SHELLS))
@common
def print_(settings: Settings, shell: str) -> None:
    """Print the script for SHELL, to be put where you want it."""
    click.echo(script(shell), nl=False)


def _place(shell: str | None) -> Place:
    return find_place(shell or shell_of(os.getpid(), os.environ), os.environ)
