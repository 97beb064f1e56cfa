"""`tally export` and `tally import`: a run, or any content, as one file."""

from pathlib import Path

import click

from cli.bundlefile import read_bundle
from cli.names import is_run
from cli.options import common
from cli.refs import find_content
from cli.report import emit_json, human_size, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.bundle import export_file


@click.command()
@click.argument("ref")
@click.argument("file", type=click.Path(path_type=Path))
@common
def export(settings: Settings, ref: str, file: Path) -> None:
    """Write REF and everything it needs to FILE (as run.car).

    REF is a run, CID[/PATH] or RUN/STEP/OUTPUT[/PATH]. The file of a run holds its workflow,
    inputs, environments, outputs and logs: 'tally rerun FILE --offline' needs nothing else.
    """
    with Workspace(settings.home) as space:
        cid = find_content(space, ref)
        size = export_file(space.store, cid, file)
    if settings.json:
        return emit_json({"cid": str(cid), "file": str(file), "size": size})
    return note(f"{file}: {cid}, {human_size(size)}")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@common
def import_(settings: Settings, file: Path) -> None:
    """Read FILE (as run.car) into the store and print what is in it."""
    with Workspace(settings.home, writing=True) as space:
        roots = read_bundle(space, file)
        kinds = ["run" if is_run(space, root) else "content" for root in roots]
    if settings.json:
        pairs = zip(roots, kinds, strict=True)
        return emit_json({"roots": [{"cid": str(cid), "kind": kind} for cid, kind in pairs]})
    for cid, kind in zip(roots, kinds, strict=True):
        click.echo(f"{kind} {cid}")
    return None
