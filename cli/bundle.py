"""`tally export` and `tally import`: a run, or any content, as one file."""

from pathlib import Path

import click

from cli.options import common
from cli.refs import find_content, is_run
from cli.report import emit_json, human_size, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.bundle import export_file, import_bundle
from engine.content.cid import Cid
from engine.errors import Refused, Unavailable

IMPORT_PIN = "imported"  # keeps what came in a bundle until a person lets go of it


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
    with Workspace(settings.home) as space:
        roots = read_bundle(space, file)
        kinds = ["run" if is_run(space, root) else "content" for root in roots]
    if settings.json:
        pairs = zip(roots, kinds, strict=True)
        return emit_json({"roots": [{"cid": str(cid), "kind": kind} for cid, kind in pairs]})
    for cid, kind in zip(roots, kinds, strict=True):
        click.echo(f"{kind} {cid}")
    return None


def read_bundle(space: Workspace, file: Path) -> tuple[Cid, ...]:
    """Put a bundle in the store, pinned; return its roots.

    Raises: Refused when it is no bundle or cannot be read; Damaged when it is changed or cut
    short; Unavailable on a full disk.
    """
    try:
        stream = file.open("rb")
    except IsADirectoryError:
        raise Refused("this is a directory, not a bundle", where=str(file)) from None
    except FileNotFoundError:
        raise Refused("no such file", where=str(file)) from None
    except OSError as error:
        raise Unavailable(f"cannot be read: {error.strerror}", where=str(file)) from None
    with stream:
        roots = import_bundle(space.store, stream)
    for root in roots:
        space.store.pins.pin(root, IMPORT_PIN)
    return roots
