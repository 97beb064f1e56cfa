"""`tally add`, `get`, `cat` and `ls`: content in and out of the store."""

import sys
from functools import partial
from pathlib import Path

import click

from cli.options import common, offline
from cli.refs import find_tree, public_root
from cli.report import emit_json, emit_table, human_size, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.reader import entries, read, stat
from engine.content.walk import Entry, open_tree

PINNED_BY_ADD = "added"  # the pin that keeps what a person added until they say otherwise


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--in-place", is_flag=True, help="Leave large files where they are; index them.")
@common
def add(settings: Settings, path: Path, in_place: bool) -> None:
    """Add the file or directory PATH to the store and print its CID.

    Nothing is left out and symlinks are kept as they are. 'tally gc --unpin CID' lets it go.
    """
    from engine.store.add import add_path

    with Workspace(settings.home, writing=True) as space:
        added = add_path(space.store, path, in_place=in_place)
        space.store.pins.pin(added.cid, PINNED_BY_ADD)
        link = open_tree(space.store.get, added.cid).link
    if settings.json:
        return emit_json({"cid": str(link), "size": added.size, "tree": str(added.cid)})
    if added.cid != link:
        note(f"with its executable files marked: {added.cid}")
    return click.echo(str(link))


@click.command()
@click.argument("ref")
@click.argument("dest", type=click.Path(path_type=Path))
@common
@offline
def get(settings: Settings, ref: str, dest: Path) -> None:
    """Write the content REF to DEST, which must not exist.

    REF is CID[/PATH] or RUN/STEP/OUTPUT[/PATH].
    """
    from engine.store.get import get_tree

    with Workspace(settings.home, online=settings) as space:
        cid = find_tree(space, ref)
        if space.sources:
            space.sources.have([cid], public_root(ref))
        get_tree(space.store, cid, dest)
    if settings.json:
        return emit_json({"cid": str(cid), "path": str(dest)})
    return None


@click.command()
@click.argument("ref")
@common
@offline
def cat(settings: Settings, ref: str) -> None:
    """Print the file REF."""
    with Workspace(settings.home, online=settings) as space:
        link = open_tree(space.store.get, find_tree(space, ref)).link
        if space.sources:
            space.sources.have([link], public_root(ref))
        for data in read(space.store.get, link):
            sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


@click.command()
@click.argument("ref")
@common
@offline
def ls(settings: Settings, ref: str) -> None:
    """List the directory REF."""
    with Workspace(settings.home, online=settings) as space:
        listed = _list(space, ref)
    if settings.json:
        return emit_json({"entries": [_as_json(entry) for entry in listed]})
    return emit_table([_as_row(entry) for entry in listed])


def _list(space: Workspace, ref: str) -> list[Entry]:
    get_block = partial(space.sources.get, within=public_root(ref))
    tree = open_tree(get_block, find_tree(space, ref))
    executables = set(tree.paths)
    found = stat(get_block, tree.link)
    if found.kind != "directory":
        return [Entry("", found.kind, tree.link, found.size, bool(executables), found.target)]
    listed = []
    for link in entries(get_block, tree.link):
        item = stat(get_block, link.cid)
        executable = link.name in executables
        listed.append(Entry(link.name, item.kind, link.cid, item.size, executable, item.target))
    return listed


def _as_json(entry: Entry) -> dict[str, object]:
    value: dict[str, object] = {
        "name": entry.path,
        "type": entry.kind,
        "cid": str(entry.cid),
        "size": entry.size,
        "executable": entry.executable,
    }
    return value | ({"target": entry.target} if entry.kind == "symlink" else {})


def _as_row(entry: Entry) -> tuple[str, ...]:
    name = entry.path + {"directory": "/", "symlink": f" -> {entry.target}"}.get(entry.kind, "")
    size = human_size(entry.size) if entry.kind == "file" else "-"
    return (str(entry.cid), size, "x" if entry.executable else "-", name)
