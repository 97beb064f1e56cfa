"""Royalties: the manifests that are named with a run, and what is said of them."""

from collections.abc import Sequence
from pathlib import Path

from cli.refs import find_content
from cli.report import note
from cli.workspace import Workspace
from engine.errors import Refused
from peers.credits import show
from peers.identity import PeerId
from peers.royalties import Royalties
from peers.royalty import opened


def royalties_of(space: Workspace, words: Sequence[str]) -> Royalties:
    """Return the manifests that are in files, or in the store by their CIDs, and their parents.

    Raises: Refused for what is neither; Damaged for what is no manifest; NotHere for a parent that
    is not in the store.
    """
    signed = [_manifest(space, word) for word in words]
    parents = {parent.manifest for one in signed for parent in opened(one).value.parents}
    return Royalties(signed, [space.store.get(cid) for cid in sorted(parents)])


def tell_royalties(royalties: Royalties) -> None:
    """Say what a run pays to whom besides its steps: whoever goes on consents to that."""
    for manifest in royalties.manifests.values():
        names = ", ".join(str(PeerId(author.public_key)) for author in manifest.authors)
        percent = f"{manifest.share // 100}.{manifest.share % 100:02}".rstrip("0").rstrip(".")
        fixed = f" and {show(manifest.per_run)}" if manifest.per_run else ""
        note(f"royalty: {percent} % of what is paid to peers{fixed}, to {names}")


def _manifest(space: Workspace, word: str) -> bytes:
    path = Path(word)
    if path.is_file():
        return path.read_bytes()
    try:
        return space.store.get(find_content(space, word))
    except Refused:
        fix = "'tally royalty' makes one"
        raise Refused("there is no such royalty manifest", where=word, fix=fix) from None
