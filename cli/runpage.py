"""`tally report`: one run as a page that can be opened, sent and printed."""

from pathlib import Path

import click

from cli.options import common, offline
from cli.report import emit_json, human_size
from cli.settings import Settings
from cli.workspace import Workspace


@click.command()
@click.argument("run", metavar="RUN|RESOURCE")
@click.option("-f", "--file", type=click.Path(path_type=Path), help="Instead of NAME.html.")
@common
@offline
def report(settings: Settings, run: str, file: Path | None) -> None:
    """Write a run as one HTML page: graph, timeline, steps, resources, environments, evidence.

    Of an Open Resource, by its name or CID, it is the run that its author made.
    The page needs no network and no other file.
    """
    from cli.page.gather import gather
    from cli.page.render import render
    from engine.wholefile import whole_file

    with Workspace(settings.home, online=settings) as space:
        facts = gather(space, _of_resource(space, run) or run)
    page = render(facts).encode()
    path = file or Path(f"{facts.head.name or facts.head.run}.html")
    with whole_file(path) as stream:
        stream.write(page)
    if settings.json:
        cid = str(facts.head.run) if facts.head.run else None
        return emit_json({"run": cid, "file": str(path), "size": len(page)})
    return click.echo(f"{path}: {human_size(len(page))}")


def _of_resource(space: Workspace, text: str) -> str | None:
    """Return the CID of the run that the author of an Open Resource made; None when it is of none.

    Raises: Refused when it was published without one; Unavailable when that does not come.
    """
    from cli.names import is_run, whole_cid
    from cli.runview import is_known

    cid = whole_cid(text)
    if is_known(space, text) or (cid is not None and is_run(space, cid)):
        return None
    from cli.resources import example, find_release

    found = find_release(space, text)
    return None if found is None else str(example(space, found))
