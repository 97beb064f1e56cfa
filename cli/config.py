"""`tally config`: the settings, where each came from, and changing one."""

import os

import click

from cli.config_file import config_path, store
from cli.options import common
from cli.report import emit_json, emit_table
from cli.setting_kinds import SETTINGS
from cli.settings import Settings, load


@click.group()
def config() -> None:
    """Show and change settings."""


@config.command()
@common
def show(settings: Settings) -> None:
    """Print each setting with where it came from."""
    context = click.get_current_context()
    home = context.params.get("home") or (context.find_root().obj or {}).get("home")
    values = load({"home": home, "output": context.params.get("output")}, os.environ)
    if settings.json:
        rows = {name: {"value": _plain(v.value), "origin": v.origin} for name, v in values.items()}
        return emit_json(rows)
    table = [
        (n, SETTINGS[n].show(v.value), v.origin, SETTINGS[n].summary) for n, v in values.items()
    ]
    return emit_table(table, ("setting", "value", "from", "meaning"))


def _plain(value: object) -> object:
    return value if isinstance(value, int | str | dict) else str(value)


@config.command("set")
@click.argument("name")
@click.argument("value")
@common
def set_(settings: Settings, name: str, value: str) -> None:
    """Write a setting to the config file."""
    store(name, value)


@config.command()
@click.argument("name")
@common
def unset(settings: Settings, name: str) -> None:
    """Remove a setting from the config file."""
    store(name, None)


@config.command()
@common
def path(settings: Settings) -> None:
    """Print where the config file is."""
    if settings.json:
        return emit_json({"path": str(config_path())})
    return click.echo(config_path())
