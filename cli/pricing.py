"""Pricing: by which royalty manifest the authors of an Open Resource are paid."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from cli.report import note, some
from cli.royalties import is_paid, price_in_words, read_points, royalties_of
from cli.workspace import Workspace
from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged, NotHere, Refused, Unavailable
from peers.credits import read
from peers.identity import PeerId, tail
from peers.keyring import Identity
from peers.resource import Get, Opened, Resource, printed
from peers.resource import opened as release_opened
from peers.royalty import MANIFEST, Author, Manifest, complaint, heirs, opened, percent
from peers.signed import seal

MOST: Final = "100"  # credits, for one agreement
_SHOWN: Final = 3  # payees of a parent that are named
PARENTS: Final = "20"  # percent of what authors get: who made what something stands on did a part


class Price(NamedTuple):
    """What was said of it on the command line; None: nothing."""

    share: str | None
    per_run: str | None
    most: str | None
    royalty: str | None  # a manifest that there is
    parents: str | None


class Priced(NamedTuple):
    """A manifest, and those of whoever shares in it."""

    manifest: Manifest
    own: Block
    parents: tuple[Cid, ...]


def priced(
    space: Workspace,
    identity: Identity,
    said: Price,
    resource: tuple[Resource | None, Sequence[Author]],
    origin: Sequence[Opened],
) -> Priced:
    """Return the manifest of a resource by `said`, and where that says nothing by the last version.

    Raises: Refused when there can be no such manifest, or parents would not get their part.
    """
    before, authors = resource
    if said.royalty is not None:
        return _given(space, said, _owed(before, origin))
    was = opened(space.store.get(before.royalty)).value if before else None
    if before and was and not origin and _is_as_before(said, before, authors):
        own = Block(before.royalty, space.store.get(before.royalty))
        return Priced(was, own, before.royalties)
    came = {one.resource.royalty: manifest_of(space, one) for one in origin}
    shares = heirs(came, read_points(said.parents or PARENTS)) if came else ()
    manifest = Manifest(
        None,
        tuple(authors),
        was.per_run if was and said.per_run is None else read(said.per_run or "0"),
        was.share if was and said.share is None else read_points(said.share or "0"),
        was.pool_most if was and said.most is None else read(said.most or MOST),
        shares or (was.parents if was else ()),
    )
    if why := complaint(manifest):
        raise Refused(f"no such price: {why}", fix="'tally publish --help' says more")
    own = seal(MANIFEST, manifest, identity)
    return Priced(manifest, own, tuple(one.manifest for one in manifest.parents))


def _is_as_before(said: Price, before: Resource, authors: Sequence[Author]) -> bool:
    parts = [(author.public_key, author.weight) for author in authors]
    is_same = parts == [(author.public_key, author.weight) for author in before.authors]
    return is_same and all(word is None for word in said)


def tell_price(
    space: Workspace, found: Priced, origin: Sequence[Opened], before: Resource | None
) -> None:
    """Say what is asked of whoever runs it on peers, and what parents get of that."""
    how = "" if is_paid(found.manifest) else "; '--share PERCENT' or '--per-run C' asks for some"
    note(f"price: {price_in_words(found.manifest)}{how}")
    called = {one.resource.royalty: printed(one.resource) for one in origin}
    called |= called_here(space, before.parents if before else ())
    for line in parents_in_words(found.manifest, called, space.store.get):
        note(line)


def parents_in_words(manifest: Manifest, called: Mapping[Cid, str], get: Get) -> Iterator[str]:
    """Yield what parents get of what authors get; nothing, of nothing.

    `called`: what is known by name of those that are paid by a manifest.
    """
    for parent in manifest.parents if is_paid(manifest) else ():
        whose = called.get(parent.manifest) or _payees(get, parent.manifest)
        yield f"{percent(parent.basis_points)} % of that goes to the authors of {whose}"


def _payees(get: Get, manifest: Cid) -> str:
    """Return whom a manifest pays, by their keys; its CID when it is not here."""
    try:
        authors = opened(get(manifest)).value.authors
    except Unavailable:
        return f"the manifest {manifest}"
    names = [tail(PeerId(author.public_key)) for author in authors]
    return f"what it stands on, {some(names, _SHOWN)}"


def called_here(space: Workspace, parents: Iterable[bytes]) -> dict[Cid, str]:
    """Return by which manifest some releases are paid, and their names, as far as they are here."""
    found = {}
    for raw in parents:
        with suppress(NotHere, Damaged):
            one = release_opened(space.store.get, Cid(raw)).resource
            found[one.royalty] = printed(one)
    return found


def asked(space: Workspace, found: Opened) -> Cid | None:
    """Return the manifest of an Open Resource; None when nobody gets anything by it.

    Raises: NotHere when it is not here; Damaged when it is none.
    """
    return found.resource.royalty if is_paid(manifest_of(space, found)) else None


def manifest_of(space: Workspace, found: Opened) -> Manifest:
    """Return by which manifest the authors of an Open Resource are paid.

    Raises: as `asked`.
    """
    return opened(space.sources.get(found.resource.royalty, found.cid)).value


def _owed(before: Resource | None, origin: Sequence[Opened]) -> tuple[Cid, ...]:
    """Return the manifests of those that get a part: of what is named now, or was before."""
    named = tuple(one.resource.royalty for one in origin)
    return named or (before.royalties if before and before.parents else ())


def _given(space: Workspace, said: Price, owed: Sequence[Cid]) -> Priced:
    """Return a manifest that somebody made before, and named."""
    if any((said.share, said.per_run, said.most, said.parents)):
        fix = "leave out --share, --per-run, --most and --parent-share"
        raise Refused("the manifest of --royalty says who is paid how much", fix=fix)
    royalties = royalties_of(space, (said.royalty or "",))
    ((cid, manifest),) = royalties.manifests.items()
    space.store.put(royalties.blocks)
    shared = {one.manifest for one in manifest.parents}
    for one in owed:
        if one not in shared:
            what = "the manifest of --royalty gives nothing to what this was made from"
            fix = "'tally royalty make --parent CID=PERCENT' makes one that does"
            raise Refused(what, where=str(one), fix=fix)
    own = next(block for block in royalties.blocks if block.cid == cid)
    return Priced(manifest, own, tuple(one.manifest for one in manifest.parents))
