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
from engine.errors import Damaged, NotHere, Refused
from engine.wholefile import whole_file
from peers.credits import MAX_CREDITS, Credits, show
from peers.identity import PeerId
from peers.royalties import Royalties
from peers.royalty import WHOLE, Author, Manifest, is_manifest, opened, percent

_MAKE: Final = "name what 'tally royalty make FILE' wrote, or the CID that it printed"

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
    for cid, manifest in royalties.manifests.items():
        got = parts(royalties, cid)
        names = ", ".join(f"{peer} ({part_in_words(part)})" for peer, part in got.items())
        fixed = f" and {show(manifest.per_run)}" if manifest.per_run else ""
        note(f"royalty: {percent(manifest.share)} % of what is paid to peers{fixed}, to {names}")


def is_paid(manifest: Manifest) -> bool:
    """Return whether anybody gets anything by a manifest."""
    return bool((manifest.share or manifest.per_run) and manifest.pool_most)


def price_in_words(manifest: Manifest) -> str:
    """Return what is asked of whoever runs something on peers."""
    if not is_paid(manifest):
        return "nothing"
    share, fixed = percent(manifest.share), show(manifest.per_run)
    return (
        f"{share} % of what is paid to peers and {fixed} a run, at most {show(manifest.pool_most)}"
    )


def parts(royalties: Royalties, manifest: Cid) -> dict[PeerId, int]:
    """Return what part of a pool each author gets, parents' authors too: basis points, rounded."""
    most = Credits(MAX_CREDITS)
    got = royalties.shares_of(manifest, most)
    named = [author.public_key for author in royalties.manifests[manifest].authors]
    ordered = [key for key in named if key in got] + [key for key in got if key not in named]
    return {PeerId(key): (got[key] * WHOLE + most // 2) // most for key in ordered}


def part_in_words(points: int) -> str:
    """Return a part of a pool as a percentage; one that rounds to nothing is no nothing."""
    return f"{percent(points)} %" if points else "under 0.01 %"


def royalties_json(royalties: Royalties) -> list[dict[str, object]]:
    """Return by which manifests authors are paid, and which part each gets."""
    return [
        {
            "manifest": str(cid),
            "share_basis_points": manifest.share,
            "per_run": manifest.per_run,
            "most": manifest.pool_most,
            "shares": shares_json(royalties, cid),
        }
        for cid, manifest in royalties.manifests.items()
    ]


def shares_json(royalties: Royalties, manifest: Cid) -> list[dict[str, object]]:
    """Return which part of what a manifest comes to each author gets."""
    got = parts(royalties, manifest)
    return [{"peer": str(peer), "basis_points": part} for peer, part in got.items()]


def read_author(word: str) -> Author:
    """Read PEER[=WEIGHT].

    Raises: Refused when it is anything else.
    """
    name, _, weight = word.partition("=")
    if weight and not weight.isdecimal():
        raise Refused(f"{weight!r} is no weight", where=word, fix="write a whole number, as 2")
    return Author(PeerId.parse(name).key, int(weight or 1))


def read_points(percent: str) -> int:
    """Read a percentage with up to two decimals, as basis points.

    Raises: Refused when it is none.
    """
    whole, _, part = percent.strip().removesuffix("%").strip().partition(".")
    if not whole.isdecimal() or (part and not part.isdecimal()) or len(part) > 2:
        fix = "write it with at most two decimals, as 2.5"
        raise Refused(f"{percent!r} is no percentage", fix=fix)
    return int(whole) * 100 + int(part.ljust(2, "0") or 0)


def _named(space: Workspace, word: str) -> list[Block]:
    """Return the manifest that a word stands for, and what else is in its file."""
    path = Path(word)
    try:
        blocks = _read(path.read_bytes()) if path.is_file() else [_stored(space, word)]
        if not blocks or not is_manifest(blocks[0].data):
            raise Refused("this is no royalty manifest", where=word, fix=_MAKE)
        opened(blocks[0].data)
    except Damaged as damaged:
        damaged.where = damaged.where or word
        raise
    return blocks


def _stored(space: Workspace, word: str) -> Block:
    try:
        cid = find_content(space, word)
    except Refused:
        raise Refused("there is no such royalty manifest", where=word, fix=_MAKE) from None
    return Block(cid, space.store.get(cid))


def _read(data: bytes) -> list[Block]:
    """Return what is in a file: a bundle, or a manifest alone.

    Raises: Damaged for a bundle that was changed, or cut short.
    """
    try:
        reader = car.Reader(BytesIO(data))
    except Refused:
        return [Checked.made(DAG_CBOR, data)]
    blocks = {block.cid: block for block in reader if block.cid in reader.roots}
    if lost := [cid for cid in reader.roots if cid not in blocks]:
        fix = "get the file again from whoever made it"
        raise Damaged("the file lacks a manifest that it says it has", where=str(lost[0]), fix=fix)
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
