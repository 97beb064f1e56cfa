"""Royalties: the manifests that are named with a run, and what is said of them."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

from cli.refs import find_content
from cli.report import note
from cli.workspace import Workspace
from engine.content import car
from engine.content.blocks import Block, Checked
from engine.content.cid import DAG_CBOR, Cid
from engine.errors import NotHere, Refused
from engine.wholefile import whole_file
from peers.credits import show
from peers.identity import PeerId
from peers.royalties import Royalties
from peers.royalty import opened

UNPAID: Final = "--royalty pays nobody here: authors share in what peers are paid (--on peers)"


def royalties_of(space: Workspace, words: Sequence[str]) -> Royalties:
    """Return the manifests that are in files, or in the store by their CIDs, and their parents.

    Raises: Refused for what is neither; Damaged for what is no manifest; NotHere for a parent that
    is in no file and not in the store.
    """
    found = [_named(space, word) for word in words]
    beside = {block.cid: block.data for blocks in found for block in blocks}
    parents = {one.manifest for own, *_ in found for one in opened(own.data).value.parents}
    signed = [own.data for own, *_ in found]
    return Royalties(signed, [_parent(space, beside, cid) for cid in sorted(parents)])


def write_royalty(file: Path, own: Block, parents: Sequence[Block]) -> None:
    """Write a manifest with its parents' to a file, of which they are the roots, in that order.

    Raises: Refused when it cannot be written there; Unavailable on a full disk.
    """
    blocks = [own, *parents]
    with whole_file(file) as stream:
        car.write(stream, [block.cid for block in blocks], blocks)


def tell_royalties(royalties: Royalties) -> None:
    """Say what a run pays to whom besides its steps: whoever goes on consents to that."""
    for manifest in royalties.manifests.values():
        names = ", ".join(str(PeerId(author.public_key)) for author in manifest.authors)
        fixed = f" and {show(manifest.per_run)}" if manifest.per_run else ""
        note(f"royalty: {percent(manifest.share)} % of what is paid to peers{fixed}, to {names}")


def percent(points: int) -> str:
    """Return basis points as a percentage."""
    return f"{points // 100}.{points % 100:02}".rstrip("0").rstrip(".")


def _named(space: Workspace, word: str) -> list[Block]:
    """Return the manifest that a word stands for, and what else is in its file."""
    path = Path(word)
    if path.is_file():
        return _read(path.read_bytes())
    try:
        cid = find_content(space, word)
    except Refused:
        fix = "'tally royalty' makes one"
        raise Refused("there is no such royalty manifest", where=word, fix=fix) from None
    return [Block(cid, space.store.get(cid))]


def _read(data: bytes) -> list[Block]:
    """Return what is in a file: a bundle, or a manifest alone."""
    try:
        reader = car.Reader(BytesIO(data))
    except Refused:
        return [Checked.made(DAG_CBOR, data)]
    blocks = {block.cid: block for block in reader if block.cid in reader.roots}
    return [blocks[root] for root in reader.roots]


def _parent(space: Workspace, beside: Mapping[Cid, bytes], cid: Cid) -> bytes:
    """Return a parent's manifest.

    Raises: NotHere.
    """
    try:
        return beside[cid] if cid in beside else space.store.get(cid)
    except NotHere:
        what = "the royalty manifest of a parent is neither in a file that is named nor here"
        fix = "name the file as 'tally royalty make' wrote it, or 'tally import' that of the parent"
        raise NotHere(what, where=str(cid), fix=fix) from None
