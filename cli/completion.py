"""`tally completion`: the script that makes a shell complete commands and options."""

import click
from click.shell_completion import get_completion_class

from cli.options import common
from cli.settings import Settings


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common
def completion(settings: Settings, shell: str) -> None:
    """Print a completion script for SHELL.

    For bash: tally completion bash > ~/.local/share/bash-completion/completions/tally
    """
    maker = get_completion_class(shell)
    if maker is None:
        raise AssertionError(shell)
    root = click.get_current_context().find_root()
    click.echo(maker(root.command, {}, "tally", "_TALLY_COMPLETE").source())
