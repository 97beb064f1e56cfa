"""`tally unpublish`: what was published, taken back as far as that can be."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import click

from cli.names import whole_cid
from cli.options import common, ipfs_node
from cli.report import emit_json, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Refused


class _Taken(NamedTuple):
    """A root that is public no more."""

    root: Cid
    known_until_ms: int | None  # when its announcement expires; None: it has none


@click.command()
@click.argument("what", metavar="RESOURCE|CID")
@ipfs_node
@common
def unpublish(settings: Settings, what: str) -> None:
    """Share WHAT no more from here, and announce it no more: NAME, NAME@VERSION or a CID.

    Whoever has it keeps it. A NAME alone is every version that this peer published.
    """
    with Workspace(settings.home, writing=True) as space:
        taken = [_take(space, settings, root) for root in _roots(space, what)]
    if settings.json:
        return emit_json({"unpublished": [str(one.root) for one in taken]})
    for one in taken:
        click.echo(str(one.root))
    return _tell(taken)


def _roots(space: Workspace, what: str) -> Sequence[Cid]:
    """Return what is to be taken back, all of it public now.

    Raises: Refused when nothing of that is.
    """
    from engine.store.public_roots import public_roots

    public = public_roots(space.store.pins)
    cid = whole_cid(what)
    roots = (cid,) if cid is not None else _named(space, what)
    found = [root for root in roots if root in public]
    if not found:
        fix = "name what 'tally publish' printed, or the name of a resource that you published"
        raise Refused("this is not published here", where=what, fix=fix)
    return found


def _named(space: Workspace, what: str) -> Sequence[Cid]:
    from cli.boundnames import known
    from cli.naming import wanted

    want = wanted(what)
    if want is None or want.author:
        return ()
    found = known(space).offered  # and not what is noted alone, which may be lost
    return tuple(
        dict.fromkeys(
            one.release
            for one in found
            if one.name == want.name and want.version in (None, one.version)
        )
    )


def _take(space: Workspace, settings: Settings, root: Cid) -> _Taken:
    from cli.sharing import withdraw
    from peers.catalogue_file import CatalogueFile

    until_ms = None
    if CatalogueFile.is_here(space.home):
        with CatalogueFile(space.home) as file:
            until_ms = file.withdraw(root)
    withdraw(space, settings, root)
    return _Taken(root, until_ms)


def _tell(taken: Sequence[_Taken]) -> None:
    """Say what could not be taken back."""
    note("this home shares it no more; whoever has it keeps it, and may pass it on")
    known = [one.known_until_ms for one in taken if one.known_until_ms is not None]
    if known:
        until = time.strftime("%Y-%m-%d", time.localtime(max(known) / 1000))
        note(f"peers that heard of it list it until {until} at most, when its announcement expires")
