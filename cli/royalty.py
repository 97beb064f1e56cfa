"""`tally royalty`: who is paid, and how much, when peers are paid for running something."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cli.options import common
from cli.report import emit_json, emit_table, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.errors import Refused

if TYPE_CHECKING:
    from peers.royalty import Manifest, Parent

_MOST: Final = "100"  # credits, for one agreement


@click.group()
def royalty() -> None:
    """Say who is paid when something is run on peers."""


@royalty.command()
@click.argument("file", metavar="FILE")
@click.option("--author", "authors", metavar="PEER[=WEIGHT]", multiple=True, help="Who is paid.")
@click.option("--share", metavar="PERCENT", default="0", help="Of what is paid to peers.")
@click.option("--per-run", metavar="C", default="0", help="Credits, once in a run.")
@click.option("--most", metavar="C", default=_MOST, show_default=True, help="Credits at most.")
@click.option("--parent", "parents", metavar="FILE=PERCENT", multiple=True, help="Who shares.")
@common
def make(
    settings: Settings,
    file: str,
    authors: tuple[str, ...],
    share: str,
    per_run: str,
    most: str,
    parents: tuple[str, ...],
) -> None:
    """Write a manifest, signed by this peer, to FILE, with its parents; it is in the store, too.

    Without --author this peer is the only one. Who runs something with 'tally run --royalty FILE'
    pays a share of what it pays to peers, and once per run what is fixed.
    """
    from cli.royalties import read_author, read_points, write_royalty
    from engine.content.blocks import Block
    from peers.credits import read
    from peers.keyring import Keyring
    from peers.royalty import MANIFEST, Author, Manifest, complaint
    from peers.signed import seal

    identity = Keyring(settings.home / "keys").identity()
    named = tuple(map(read_author, authors)) or (Author(identity.public_key, 1),)
    if all(author.public_key != identity.public_key for author in named):
        fix = f"add --author {identity.peer}"
        raise Refused("a manifest is signed by one of the authors that it names", fix=fix)
    with Workspace(settings.home, writing=True) as space:
        came = tuple(_parent(space, word) for word in parents)
        manifest = Manifest(None, named, read(per_run), read_points(share), read(most), came)
        if why := complaint(manifest):
            raise Refused(f"no such manifest: {why}", fix="'tally royalty make --help' says more")
        block = seal(MANIFEST, manifest, identity)
        space.store.put([block])
        parents_of = [Block(one.manifest, space.store.get(one.manifest)) for one in came]
        write_royalty(Path(file), block, parents_of)
    if settings.json:
        return emit_json({"manifest": str(block.cid), "file": file})
    note(f"{file}: 'tally run WORKFLOW --on peers --royalty {file}' pays by it")
    if not (manifest.share or manifest.per_run) or not manifest.pool_most:
        note("by itself it pays nothing: '--share PERCENT' or '--per-run C' says how much")
    return emit_table([(str(block.cid),)], ("manifest",))


@royalty.command()
@click.argument("manifest", metavar="FILE|CID")
@common
def show(settings: Settings, manifest: str) -> None:
    """Say who is paid by a manifest."""
    from cli.royalties import (
        part_in_words,
        parts,
        price_in_words,
        royalties_of,
        shares_json,
    )
    from peers.royalty import percent

    with Workspace(settings.home) as space:
        royalties = royalties_of(space, (manifest,))
    ((cid, found),) = royalties.manifests.items()
    if settings.json:
        shares = shares_json(royalties, cid)
        return emit_json({"manifest": str(cid), **_as_json(found), "shares": shares})
    weights = {name: str(weight) for name, weight in _weights(found)}
    got = {str(peer): part_in_words(part) for peer, part in parts(royalties, cid).items()}
    note(price_in_words(found))
    for one in found.parents:
        note(f"{percent(one.basis_points)} % of that to the authors of its parent {one.manifest}")
    rows = [(name, weights.get(name, "-"), got.get(name, "0 %")) for name in weights | got]
    return emit_table(rows, ("author", "weight", "gets"))


def _as_json(manifest: "Manifest") -> dict[str, object]:
    return {
        "authors": [{"peer": name, "weight": weight} for name, weight in _weights(manifest)],
        "share_basis_points": manifest.share,
        "per_run": manifest.per_run,
        "most": manifest.pool_most,
        "parents": [
            {"manifest": str(one.manifest), "share_basis_points": one.basis_points}
            for one in manifest.parents
        ],
    }


def _weights(manifest: "Manifest") -> list[tuple[str, int]]:
    from peers.identity import PeerId

    return [(str(PeerId(author.public_key)), author.weight) for author in manifest.authors]


def _parent(space: Workspace, word: str) -> "Parent":
    from cli.royalties import read_points, royalties_of
    from peers.royalty import Parent

    name, _, percent = word.rpartition("=")
    if not name:
        raise Refused("say how much of it", where=word, fix="write FILE=PERCENT, as base=20")
    royalties = royalties_of(space, (name,))
    space.store.put([block for block in royalties.blocks if block.cid in royalties.manifests])
    return Parent(royalties.cids[0], read_points(percent))
