"""Offer files of one kind, and what stands in a workflow file: environments, steps, params."""

import os
from pathlib import Path
from typing import Final

import click
from click.shell_completion import CompletionItem

from cli.offer import Items, offering

WORKFLOWS: Final = (".yaml", ".yml", ".py")
BUNDLES: Final = (".car",)


def _files(typed: str, suffixes: tuple[str, ...]) -> Items:
    """Offer the files with one of these suffixes, and directories to go into."""
    if typed.startswith("~"):  # only the shell knows whose home that is
        yield CompletionItem(typed, type="file")
        return
    above, slash, begun = typed.rpartition("/")
    for entry in sorted(os.scandir(above + slash or "."), key=lambda entry: entry.name):
        if entry.name.startswith(".") and not begun.startswith("."):
            continue
        if entry.is_dir():
            yield f"{above}{slash}{entry.name}/"
        elif entry.name.endswith(suffixes):
            yield above + slash + entry.name


def _workflows(ctx: click.Context, typed: str) -> Items:
    return _files(typed, WORKFLOWS)


def bundle_files(typed: str) -> Items:
    """Offer bundles, and directories to go into."""
    return _files(typed, BUNDLES)


def _bundles(ctx: click.Context, typed: str) -> Items:
    return bundle_files(typed)


def _environments(ctx: click.Context, typed: str) -> Items:
    """Offer WORKFLOW, and WORKFLOW#NAME once the file is named."""
    file, _, _ = typed.partition("#")
    if "#" not in typed:
        yield from _files(typed, WORKFLOWS)
    if Path(file).is_file():
        yield from (f"{file}#{name}" for name in _table(file, "environments"))


def _file_steps(ctx: click.Context, typed: str) -> Items:
    return _table(str(ctx.params.get("workflow")), "steps")


def _params(ctx: click.Context, typed: str) -> Items:
    for name, default in _table(str(ctx.params.get("workflow")), "params").items():
        yield CompletionItem(f"{name}=", help=f"default: {default}" if default else None)


def _table(file: str, key: str) -> dict[str, str]:
    """Return the names in one table of a workflow file, and what is said of each in short."""
    if not file.endswith((".yaml", ".yml")):  # to know what is in a FILE.py it has to be executed
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


workflows: Final = offering(_workflows)
bundles: Final = offering(_bundles)
environments: Final = offering(_environments)
steps: Final = offering(_file_steps)
params: Final = offering(_params)
