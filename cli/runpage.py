"""`tally report`: one run as a page that can be opened, sent and printed."""

from pathlib import Path

import click

from cli.options import common, offline
from cli.report import emit_json, human_size
from cli.settings import Settings
from cli.workspace import Workspace


@click.command()
@click.argument("run")
@click.option("-f", "--file", type=click.Path(path_type=Path), help="Instead of NAME.html.")
@common
@offline
def report(settings: Settings, run: str, file: Path | None) -> None:
    """Write RUN as one HTML page: graph, timeline, steps, resources, environments, evidence.

    The page needs no network and no other file.
    """
    from cli.page.gather import gather
    from cli.page.render import render
    from engine.wholefile import whole_file

    with Workspace(settings.home, online=settings) as space:
        facts = gather(space, run)
    page = render(facts).encode()
    path = file or Path(f"{facts.head.name or facts.head.run}.html")
    with whole_file(path) as stream:
        stream.write(page)
    if settings.json:
        cid = str(facts.head.run) if facts.head.run else None
        return emit_json({"run": cid, "file": str(path), "size": len(page)})
    return click.echo(f"{path}: {human_size(len(page))}")
