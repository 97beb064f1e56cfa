"""Offer files of one kind, and what stands in a workflow file: environments, steps, params."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

import click
from click.shell_completion import CompletionItem

WORKFLOWS: Final = (".yaml", ".yml", ".py")

Items: TypeAlias = Iterator["CompletionItem[str]"]


def workflows(ctx: click.Context, typed: str) -> Items:
    """Offer workflow files, and directories to go into."""
    return _files(typed, WORKFLOWS)


def bundles(ctx: click.Context, typed: str) -> Items:
    """Offer bundles, and directories to go into."""
    return _files(typed, (".car",))


def any_file(ctx: click.Context, typed: str) -> Items:
    """Have the shell offer files, as it knows them."""
    yield CompletionItem(typed, type="file")


def environments(ctx: click.Context, typed: str) -> Items:
    """Offer WORKFLOW, and WORKFLOW#NAME once the file is named."""
    file, named, _ = typed.partition("#")
    if not named:
        yield from _files(typed, WORKFLOWS)
    for name in _table(file, "environments"):
        yield CompletionItem(f"{file}#{name}")


def steps(file: str) -> Items:
    """Offer the steps of a workflow file."""
    return map(CompletionItem, _table(file, "steps"))


def params(file: str) -> Items:
    """Offer the params of a workflow file, each with its default."""
    for name, default in _table(file, "params").items():
        yield CompletionItem(f"{name}=", help=f"default: {default}")


def _files(typed: str, suffixes: tuple[str, ...]) -> Items:
    if typed.startswith("~"):  # only the shell knows whose home that is
        yield CompletionItem(typed, type="file")
        return
    above, slash, begun = typed.rpartition("/")
    for entry in sorted(os.scandir(above + slash or "."), key=lambda entry: entry.name):
        if entry.name.startswith(".") and not begun.startswith("."):
            continue
        if entry.is_dir():
            yield CompletionItem(f"{above}{slash}{entry.name}/")
        elif entry.name.endswith(suffixes):
            yield CompletionItem(above + slash + entry.name)


def _table(file: str, key: str) -> dict[str, str]:
    """Return the names in one table of a workflow file, and what is said of each in short."""
    # to know what is in a FILE.py it would have to be executed
    if not file.endswith((".yaml", ".yml")) or not Path(file).is_file():
        return {}
    from engine.workflow.load import read_text
    from engine.workflow.nodes import MapNode
    from engine.workflow.values import data_of, to_json
    from engine.workflow.yaml_source import compose

    whole = compose(read_text(Path(file)), file)
    table = whole.fields[key].node if isinstance(whole, MapNode) and key in whole.fields else None
    if not isinstance(table, MapNode):
        return {}
    return {name: to_json(data_of(field.node))[:60] for name, field in table.fields.items()}
