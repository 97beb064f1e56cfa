"""The options that every command takes, and how a command gets its settings."""

import functools
import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from cli.setting_kinds import OUTPUTS
from cli.settings import Settings, settle

SETTINGS_TOO: Final = (
    "output",
    "home",
    "jobs",
    "listen",
    "ipfs",
    "network",
    "lend_to",
    "lend_jobs",
    "lend_memory",
    "lend_disk",
    "prices",
    "max_cost",
    "trust",
)

F = TypeVar("F", bound=Callable[..., Any])

trust = click.option(
    "--trust", metavar="POLICY", help="On peers: any, own, audit, or how many agree: 2/3."
)
ipfs_node = click.option("--ipfs", metavar="ADDRESS|none", help="The API of an IPFS node.")


def common(command: F) -> F:
    """Give a command `-o` and `--home`, and its Settings as first argument."""

    @functools.wraps(command)
    def with_settings(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the command's own
        return command(settings_of(options), *args, **options)

    output = click.option(
        "-o", "--output", type=click.Choice(OUTPUTS), help="How results are printed."
    )
    home = click.option("--home", metavar="DIR", help="Where state is kept [TALLY_HOME].")
    decorated: F = output(home(with_settings))  # type: ignore[assignment]
    return decorated


def offline(command: F) -> F:
    """Give a command `--offline`; to be put below `common`, whose Settings then have no sources."""

    @functools.wraps(command)
    def without(settings: Settings, *args: Any, offline: bool, **options: Any) -> Any:  # noqa: ANN401
        return command(settings.offline() if offline else settings, *args, **options)

    option = click.option("--offline", is_flag=True, help="Use no network: only what is here.")
    decorated: F = ipfs_node(option(without))  # type: ignore[assignment]
    return decorated


def settings_of(options: dict[str, Any]) -> Settings:
    """Take the common options out of `options` and return what they settle.

    Flags that are settings too (SETTINGS_TOO) count as flags and stay in `options` no longer.
    """
    outer = click.get_current_context().find_root().obj or {}
    flags = {name: options.pop(name, None) for name in SETTINGS_TOO}
    flags["home"] = flags["home"] or outer.get("home")
    return settle(flags, os.environ)
