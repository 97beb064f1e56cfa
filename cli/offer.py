"""Offer: what a shell offers for an argument, by the word that its help has for it.

What `tally show --help` calls RUN is completed with runs, here and in every other command. Nothing
that is offered makes a home, changes one, runs Nix or an author's Python.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import click
from click.shell_completion import CompletionItem

from cli import offer_files, offer_resources, offer_runs

Items: TypeAlias = Iterable["CompletionItem[str]"]
Offer: TypeAlias = Callable[[click.Context, str], Items]


def offered(ctx: click.Context, param: click.Parameter, typed: str) -> Items | None:
    """Return what goes on what is typed for a parameter; None when it is for click to say."""
    offers = [OFFERS[word] for word in words_of(param) if word in OFFERS]
    if not offers:
        return None
    items = (item for offer in offers for item in offer(ctx, typed))
    return (item for item in items if item.value.startswith(typed))


def words_of(param: click.Parameter) -> list[str]:
    """Return what a command's help calls an argument, or the value of an option."""
    text = param.metavar or (param.name or "").upper()
    if text.startswith("[") and text.endswith("]"):  # it may be left out
        text = text[1:-1]
    return text.split("|")


def _given(ctx: click.Context, word: str) -> str | None:
    """Return what the line has already for the argument that is called `word`."""
    for param in ctx.command.params:
        if word in words_of(param) and ctx.params.get(param.name or ""):
            return str(ctx.params[param.name or ""])
    return None


def _steps(ctx: click.Context, typed: str) -> Items:
    file, run = _given(ctx, "WORKFLOW"), _given(ctx, "RUN")
    if file is not None:
        return offer_files.steps(file)
    return () if run is None else offer_runs.steps(ctx, run)


def _params(ctx: click.Context, typed: str) -> Items:
    file = _given(ctx, "WORKFLOW") or ""
    if file and not Path(file).suffix and not Path(file).exists():
        return offer_resources.params(ctx, file)
    return offer_files.params(file)


def _settings(ctx: click.Context, typed: str) -> Iterator["CompletionItem[str]"]:
    from cli.setting_kinds import SETTINGS

    for name, setting in SETTINGS.items():
        yield CompletionItem(name, help=setting.summary)


def _policies(ctx: click.Context, typed: str) -> Iterator["CompletionItem[str]"]:
    yield CompletionItem("audit", help="check at random, strangers always")
    yield CompletionItem("any", help="check nothing")
    yield CompletionItem("own", help="run all of it here, too")
    yield CompletionItem("2/3", help="have two of three owners agree")


def _templates(ctx: click.Context, typed: str) -> Items:
    from cli.project import templates

    return map(CompletionItem, templates())


def _nothing(ctx: click.Context, typed: str) -> Items:
    return ()  # it is for the person to say


def _none(ctx: click.Context, typed: str) -> Items:
    return (CompletionItem("none", help="do without"),)


OFFERS: Final[dict[str, Offer]] = {
    "ADDRESS": _nothing,
    "AMOUNT": _nothing,
    "C": _nothing,
    "CID": _nothing,
    "FILE": offer_files.any_file,
    "FILE=PERCENT": _nothing,
    "PEER[=WEIGHT]": _nothing,
    "PERCENT": _nothing,
    "TEXT": _nothing,
    "CHECK": _nothing,
    "DIR": _nothing,
    "FILE.car": offer_files.bundles,
    "HOST:PORT": _nothing,
    "[HOST:]PORT": _nothing,
    "HOST[:PORT]": _nothing,
    "N": _nothing,
    "TIME": _nothing,
    "NAME": _settings,
    "NAME:KEY": _nothing,
    "NAME=C,...": _nothing,
    "NAME=VALUE": _params,
    "NAME[/PEER][=WEIGHT]": _nothing,
    "NETWORK": _nothing,
    "NOW": offer_runs.runs,
    "OWNER": _nothing,
    "PATH": offer_files.any_file,
    "PEER": offer_runs.debtors,
    "PEERID": offer_runs.peers,
    "POLICY": _policies,
    "PORT": _nothing,
    "REF": offer_runs.content,
    "RESOURCE": offer_resources.resources,
    "RUN": offer_runs.runs,
    "S": _steps,
    "SECONDS": _nothing,
    "SIZE": _nothing,
    "SPDX": _nothing,
    "STEP": _steps,
    "STOREPATH": _nothing,
    "T": _nothing,
    "TEMPLATE": _templates,
    "VALUE": _nothing,
    "WAS": offer_runs.runs,
    "WORKFLOW": offer_files.workflows,
    "WORKFLOW#NAME": offer_files.environments,
    "WORKFLOW[#NAME]": offer_files.environments,
    "none": _none,
    "tally://PEERID@HOST:PORT": _nothing,
}
