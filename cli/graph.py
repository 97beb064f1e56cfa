"""`tally graph`: the steps of a workflow or a run, drawn, in four notations."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from cli.named import overrides
from cli.options import common, offline
from cli.report import emit_json
from cli.runview import view
from cli.settings import Settings
from cli.workspace import Workspace
from engine.errors import Refused
from engine.picture.dot import to_dot
from engine.picture.graph import Picture, as_data, counts_of, picture, picture_of_run
from engine.picture.mermaid import to_mermaid
from engine.picture.svg import to_svg
from engine.summary import load_workflow
from engine.wholefile import whole_file
from engine.workflow.load import load
from engine.workflow.model import Workflow
from engine.workflow.parameters import bind_some


def _to_json(drawn: Picture) -> str:
    return json.dumps(as_data(drawn), ensure_ascii=False, indent=1) + "\n"


FORMATS: Final[dict[str, Callable[[Picture], str]]] = {
    "svg": to_svg,
    "dot": to_dot,
    "mermaid": to_mermaid,
    "json": _to_json,
}
_SUFFIXES: Final = {".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".json": "json"}
_WORKFLOWS: Final = (".yaml", ".yml", ".py")


@click.command()
@click.argument("what", metavar="WORKFLOW|RUN|RESOURCE")
@click.option(
    "--format", "notation", type=click.Choice(list(FORMATS)), help="svg, or as FILE is called."
)
@click.option("-f", "--file", type=click.Path(path_type=Path), help="Write it there.")
@click.option("-p", "params", metavar="NAME=VALUE", multiple=True, help="Set a param (as YAML).")
@common
@offline
def graph(
    settings: Settings, what: str, notation: str | None, file: Path | None, params: tuple[str, ...]
) -> None:
    """Draw the steps of WORKFLOW, and what each waits for; of RUN with what became of each."""
    drawn = _of_file(Path(what), params) if _is_file(what) else _of_home(settings, what, params)
    chosen = notation or (_SUFFIXES.get(file.suffix) if file else None)
    chosen = chosen or ("json" if settings.json and file is None else "svg")
    text = FORMATS[chosen](drawn)
    if file is None:
        return click.echo(text, nl=False)
    with whole_file(file) as stream:
        stream.write(text.encode())
    if settings.json:
        return emit_json({"file": str(file), "format": chosen})
    return None


def _is_file(what: str) -> bool:
    path = Path(what)
    return path.suffix in _WORKFLOWS or path.exists()


def _of_file(path: Path, params: tuple[str, ...]) -> Picture:
    workflow = load(path)
    return picture(workflow, counts_of(workflow, bind_some(workflow, overrides(params))), {})


def _of_home(settings: Settings, what: str, params: tuple[str, ...]) -> Picture:
    with Workspace(settings.home, online=settings) as space:
        if (parts := _of_resource(space, what)) is not None:
            given = {**parts[1], **overrides(params)}
            return picture(parts[0], counts_of(parts[0], bind_some(parts[0], given)), {})
        if params:
            raise Refused("the params of a run are what they were", fix="leave out -p")
        found = view(space, what)
        workflow = load_workflow(space.store, found.workflow)
    ended = ((step.name, step.status) for step in found.steps)
    expected = {} if found.run else counts_of(workflow, found.parameters)
    return picture_of_run(workflow, ended, expected)


def _of_resource(space: Workspace, what: str) -> tuple[Workflow, dict[str, str]] | None:
    """Return the workflow of an Open Resource, and its params; None when it is of none."""
    from cli.runview import is_known

    if is_known(space, what):
        return None
    from cli.resources import find_release
    from engine.workflow.as_data import decode_workflow

    found = find_release(space, what)
    if found is None:
        return None
    record = space.sources.get(found.resource.workflow, found.cid)
    return decode_workflow(record), found.resource.parameters
