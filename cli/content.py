"""`tally add`, `get`, `cat` and `ls`: content in and out of the store."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.foreignnames import any_cid, as_written, check_whole, foreign_cid, parted
from cli.options import common, offline
from cli.refs import check_tree, find_tree, public_root
from cli.report import emit_json, emit_table, human_size, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import RAW, Cid
from engine.content.dagpb import Link
from engine.content.foreign_cid import ForeignCid
from engine.content.reader import Stat, entries, read, stat
from engine.content.walk import Entry, open_tree, walk
from engine.errors import Refused

if TYPE_CHECKING:
    from engine.store.treebuilder import Added

PINNED_BY_ADD = "added"  # the pin that keeps what a person added until they say otherwise


@click.command()
@click.argument("path", metavar="PATH|CID", type=click.Path())
@click.option("--in-place", is_flag=True, help="Leave large files where they are; index them.")
@common
@offline
def add(settings: Settings, path: str, in_place: bool) -> None:
    """Add the file or directory PATH, or what is at CID on IPFS, and print its CID.

    Nothing is left out and symlinks are kept as they are. 'tally gc --unpin CID' lets it go. What
    others added to IPFS in another way has another CID there; it is found here by both.
    """
    name = None if os.path.lexists(path) else _named(path)
    with as_written(path), Workspace(settings.home, writing=True, online=settings) as space:
        added = _add(space, Path(path), in_place) if name is None else _adopt(space, name)
        space.store.pins.pin(added.cid, PINNED_BY_ADD)
        link = open_tree(space.store.get, added.cid).link
    if settings.json:
        return emit_json({"cid": str(link), "size": added.size, "tree": str(added.cid)})
    if added.cid != link:
        note(f"with its executable files marked: {added.cid}")
    return click.echo(str(link))


def _named(text: str) -> ForeignCid | None:
    """Return the CID that a person wants added, where there is no such path; None for none.

    Raises: Refused for what is like a CID and is none, and for a path in one.
    """
    head, rest = parted(text)
    if rest and any_cid(head):
        fix = f"'tally get {text} DEST' writes it out; add that"
        raise Refused("a path in a CID is not added by itself", where=text, fix=fix)
    check_whole(head, 1)
    return any_cid(text)


def _add(space: Workspace, path: Path, in_place: bool) -> "Added":
    from engine.store.add import add_path

    return add_path(space.store, path, in_place=in_place)


def _adopt(space: Workspace, name: ForeignCid) -> "Added":
    from engine.store.treebuilder import Added

    def have(cid: Cid) -> None:
        check_tree(space, cid)
        space.sources.have([cid])

    cid = space.foreign.here(name, have)
    return Added(cid, sum(entry.size for entry in walk(space.store.get, cid)))


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

    with as_written(ref), Workspace(settings.home, online=settings) as space:
        cid = find_tree(space, ref)
        if space.sources:
            space.arrivals.call(cid, ref)
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
    with as_written(ref), Workspace(settings.home, online=settings) as space:
        link = open_tree(space.store.get, find_tree(space, ref)).link
        if space.sources:
            space.arrivals.call(link, ref)
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
    with as_written(ref), Workspace(settings.home, online=settings) as space:
        root, listed = _list(space, ref)
        aliases = space.foreign.aliases(root)
    head, _ = parted(ref)
    written = {str(foreign_cid(head)): head}  # which a person knows it by
    if settings.json:
        return emit_json({"entries": [_as_json(entry) for entry in listed], "aliases": aliases})
    for alias in aliases:
        note(f"others call this {written.get(alias, alias)}")
    return emit_table([_as_row(entry) for entry in listed])


def _list(space: Workspace, ref: str) -> tuple[Cid, list[Entry]]:
    within = public_root(ref)
    get_block = partial(space.sources.get, within=within)
    root = find_tree(space, ref)
    tree = open_tree(get_block, root)
    executables = set(tree.paths)
    found = stat(get_block, tree.link)
    if found.kind != "directory":
        alone = Entry("", found.kind, tree.link, found.size, bool(executables), found.target)
        return root, [alone]
    links = entries(get_block, tree.link)
    space.sources.some([link.cid for link in links if link.cid.codec != RAW], within)
    listed = []
    for link in links:
        item = _stat(space, link)
        executable = link.name in executables
        listed.append(Entry(link.name, item.kind, link.cid, item.size, executable, item.target))
    return root, listed


def _stat(space: Workspace, link: Link) -> Stat:
    """Say what an entry is; a small file that is not here is as large as its directory says."""
    if link.cid.codec == RAW and not space.store.has(link.cid) and space.sources:
        return Stat("file", link.tsize, "")
    return stat(space.store.get, link.cid)


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
