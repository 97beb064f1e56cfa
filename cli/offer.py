"""Offer: what makes a click `shell_complete` of what offers words.

Nothing that is offered makes a home, changes one, runs Nix or an author's Python. The engine is
imported by who needs it: a person waits for every key.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

import click
from click.shell_completion import CompletionItem

Item: TypeAlias = "str | CompletionItem[str]"
Items: TypeAlias = Iterable[Item]
Complete: TypeAlias = Callable[[click.Context, click.Parameter, str], list[Item]]


def offering(offer: Callable[[click.Context, str], Items]) -> Complete:
    """Return what click calls, from what offers words; only those that go on what is typed."""

    def complete(ctx: click.Context, param: click.Parameter, typed: str) -> list[Item]:
        return [each for each in offer(ctx, typed) if word(each).startswith(typed)]

    return complete


def word(item: Item) -> str:
    """Return the word that an item stands for."""
    return item if isinstance(item, str) else item.value


def _settings(ctx: click.Context, typed: str) -> Iterator[Item]:
    from cli.settings import SETTINGS

    for name, setting in SETTINGS.items():
        yield CompletionItem(name, help=setting.summary)


def _nothing(ctx: click.Context, typed: str) -> Items:
    return ()


settings: Final = offering(_settings)
nothing: Final = offering(_nothing)  # it is for the person to say
